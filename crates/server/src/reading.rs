//! Reading requests: bodies, queries and customers' names, with the reason where they are not usable.

use crate::error::ApiError;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use usage_domain::customer::CustomerRef;
use usage_domain::time::{Period, Timestamp};

/// The largest body that is read, in bytes.
pub(crate) const MAX_BODY: usize = 16 << 20;

/// A body, whole, within the limit.
pub(crate) struct RawBody(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<RawBody, ApiError> {
        read(request.into_body()).await.map(RawBody)
    }
}

async fn read(body: Body) -> Result<Bytes, ApiError> {
    axum::body::to_bytes(body, MAX_BODY).await.map_err(|error| {
        // The limit is the only error of ours; any other is the connection's.
        let mut source: Option<&dyn std::error::Error> = Some(&error);
        while let Some(cause) = source {
            if cause.to_string().contains("length limit exceeded") {
                return ApiError::too_large(MAX_BODY);
            }
            source = cause.source();
        }
        ApiError::invalid("the body was cut off; nothing of it was stored")
    })
}

/// The media type of a body, without parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    value.split(';').next().unwrap_or("").trim()
}

/// The text of a body.
pub(crate) fn text(body: &[u8]) -> Result<&str, ApiError> {
    std::str::from_utf8(body)
        .map_err(|error| ApiError::invalid(format!("the body is not UTF-8 at byte {}", error.valid_up_to())))
}

/// Reads a JSON body; what is wrong is named with its field.
pub(crate) fn json<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, ApiError> {
    if !matches!(media_type(headers), "application/json" | "") {
        return Err(ApiError::unsupported("application/json"));
    }
    let mut reader = serde_json::Deserializer::from_str(text(body)?);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let (field, reason) = (error.path().to_string(), error.inner().to_string());
        if field == "." {
            ApiError::invalid(format!("the body: {reason}"))
        } else {
            ApiError::field(&field, reason)
        }
    })?;
    reader.end().map_err(|error| ApiError::invalid(format!("the body: {error}")))?;
    Ok(value)
}

/// Query parameters of a known shape.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Query<T>, ApiError> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        query
            .map(|axum::extract::Query(value)| Query(value))
            .map_err(|error| ApiError::invalid(error.body_text()))
    }
}

/// The customer that a path names.
pub(crate) struct CustomerPath(pub(crate) CustomerRef);

impl<S: Send + Sync> FromRequestParts<S> for CustomerPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<CustomerPath, ApiError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Path(name) = path.map_err(|error| ApiError::invalid(error.body_text()))?;
        name.parse().map(CustomerPath).map_err(|error| ApiError::field("customer", format!("{error}")))
    }
}

/// The period between two optional moments.
pub(crate) fn period(names: (&str, &str), from: Option<&str>, to: Option<&str>) -> Result<Period, ApiError> {
    let moment = |name: &str, text: Option<&str>, default: Timestamp| match text {
        None => Ok(default),
        Some(text) => text.parse().map_err(|error| ApiError::field(name, format!("{error}"))),
    };
    let start = moment(names.0, from, Timestamp::MIN)?;
    let end = moment(names.1, to, Timestamp::MAX)?;
    if start >= end {
        return Err(ApiError::field(names.0, format!("must be before {}", names.1)));
    }
    Ok(Period { start, end })
}
