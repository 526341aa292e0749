//! `Idempotency-Key`: what a sender calls a request, so that it can be sent again without harm.

use super::text;
use crate::error::ApiError;
use axum::http::HeaderMap;
use usage_engine::EngineError;
use usage_engine::billing::Once;

const HEADER: &str = "idempotency-key";

/// The request under its key, if it has one. `of` is what it is about, besides its body.
pub(crate) fn once(headers: &HeaderMap, of: &str, body: &[u8]) -> Result<Option<Once>, ApiError> {
    let mut keys = headers.get_all(HEADER).iter();
    let Some(key) = keys.next() else { return Ok(None) };
    if keys.next().is_some() {
        return Err(ApiError::field("Idempotency-Key", "stands twice"));
    }
    // What is not ASCII is refused as any other key that cannot be.
    let key = key.to_str().unwrap_or_default();
    let mut request = of.as_bytes().to_vec();
    usage_json::canonical(text(body)?, &mut request)
        .map_err(|error| ApiError::invalid(format!("the body: {error}")))?;
    let once = Once::new(key, String::from_utf8_lossy(&request).into_owned());
    Ok(Some(once.map_err(EngineError::from)?))
}
