//! Reading requests: bodies, queries and customers' names, with the reason where they are not usable.

mod body;
mod coding;
mod limits;

pub(crate) use body::{OwnedBody, RawBody};
pub(crate) use coding::CODINGS;
pub(crate) use limits::Intake;
pub use limits::Limits;

use crate::error::ApiError;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use std::error::Error;
use usage_domain::customer::CustomerRef;
use usage_domain::time::{Period, Timestamp};

/// The media type of a body in small letters, without parameters; empty where none is named.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return String::new() };
    // What is not ASCII is no media type, so that it is refused like any other unknown one.
    let value = value.to_str().unwrap_or("not/ascii");
    value.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}

/// The text of a body.
pub(crate) fn text(body: &[u8]) -> Result<&str, ApiError> {
    std::str::from_utf8(body)
        .map_err(|error| ApiError::invalid(format!("the body is not UTF-8 at byte {}", error.valid_up_to())))
}

/// Reads a JSON body; what is wrong is named with its field.
pub(crate) fn json<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, ApiError> {
    // An array would be taken for the properties in their order.
    json_of(headers, body, '{', "a JSON object")
}

/// Reads a JSON array in the same way.
pub(crate) fn json_array<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<Vec<T>, ApiError> {
    json_of(headers, body, '[', "a JSON array")
}

fn json_of<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: &[u8],
    first: char,
    what: &str,
) -> Result<T, ApiError> {
    if !matches!(&*media_type(headers), "application/json" | "") {
        return Err(ApiError::unsupported("application/json"));
    }
    let text = text(body)?;
    if !text.trim_ascii_start().starts_with(first) {
        return Err(ApiError::invalid(format!("the body: must be {what}")));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let (field, reason) = (error.path().to_string(), error.inner().to_string());
        // Where the text itself is no JSON, the field in which that shows is of no interest.
        if field != "." && error.inner().is_data() {
            ApiError::field(&field, reason)
        } else {
            ApiError::invalid(format!("the body: {reason}"))
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
        query.map(|axum::extract::Query(value)| Query(value)).map_err(|error| {
            parameter(&error)
                .unwrap_or_else(|| ApiError::invalid(format!("the query: {}", error.body_text())))
        })
    }
}

/// Which parameter of a query is unusable, where the reason is a single one.
fn parameter(error: &(dyn Error + 'static)) -> Option<ApiError> {
    type Unreadable = serde_path_to_error::Error<serde::de::value::Error>;
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    let found = causes.into_iter().find_map(|cause| cause.downcast_ref::<Unreadable>())?;
    let name = found.path().to_string();
    (name != ".").then(|| ApiError::field(&name, found.inner().to_string()))
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

/// The one thing that a path names.
pub(crate) struct NamePath(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for NamePath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<NamePath, ApiError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(name)| NamePath(name)).map_err(|error| ApiError::invalid(error.body_text()))
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
