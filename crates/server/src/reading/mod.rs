//! Reading requests: bodies, queries and customers' names, with the reason where they are not usable.

mod accept;
mod body;
mod coding;
mod limits;
mod once;
mod words;

pub(crate) use accept::preferred;
pub(crate) use body::{OwnedBody, RawBody};
pub(crate) use coding::CODINGS;
pub(crate) use limits::Intake;
pub use limits::Limits;
pub(crate) use once::once;

use crate::error::ApiError;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::error::Error;
use usage_domain::customer::CustomerRef;
use usage_domain::time::{Month, Period, Timestamp};

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

/// Reads a JSON body, or none: no body at all, and `null`, say nothing.
pub(crate) fn json_or_default<T: DeserializeOwned + Default>(
    headers: &HeaderMap,
    body: &[u8],
) -> Result<T, ApiError> {
    if says_nothing(body) { Ok(T::default()) } else { json(headers, body) }
}

fn says_nothing(body: &[u8]) -> bool {
    matches!(body.trim_ascii(), b"" | b"null")
}

/// The text of a JSON body that has a reader of its own.
pub(crate) fn json_text<'a>(headers: &HeaderMap, body: &'a [u8]) -> Result<&'a str, ApiError> {
    if !matches!(&*media_type(headers), "application/json" | "") {
        return Err(ApiError::unsupported("application/json"));
    }
    text(body)
}

/// The same, where there need not be a body.
pub(crate) fn json_text_or_nothing<'a>(headers: &HeaderMap, body: &'a [u8]) -> Result<&'a str, ApiError> {
    if says_nothing(body) { Ok("{}") } else { json_text(headers, body) }
}

/// The text of a JSON object that is to have the key of its path, and gets it where it has none.
pub(crate) fn keyed<'a>(headers: &HeaderMap, body: &'a [u8], key: &str) -> Result<Cow<'a, str>, ApiError> {
    let text = json_text(headers, body)?;
    let object = usage_json::object(text).map_err(|error| ApiError::invalid(format!("the body: {error}")))?;
    let mut names = object.entries().map(|(name, _)| name).peekable();
    let Some(inside) = text.trim_ascii_start().strip_prefix('{') else { return Ok(text.into()) };
    let more = if names.peek().is_some() { "," } else { "" };
    if names.any(|name| name == "key") {
        return Ok(text.into());
    }
    Ok(format!("{{\"key\":{}{more}{inside}", serde_json::Value::from(key)).into())
}

/// That a body has the key of its path.
pub(crate) fn same_key(has: &str, path: &str) -> Result<(), ApiError> {
    if has == path {
        return Ok(());
    }
    Err(ApiError::field("key", format!("must be {path:?}, as in the path, or absent, not {has:?}")))
}

/// The month that a field says.
pub(crate) fn month(field: &str, text: &str) -> Result<Month, ApiError> {
    text.parse().map_err(|error| ApiError::field(field, format!("{error}")))
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
        let said = error.inner().to_string();
        // Where the text itself is no JSON, the field in which that shows is of no interest.
        if !error.inner().is_data() {
            return ApiError::invalid(format!("the body: {said}"));
        }
        unusable(&error.path().to_string(), &said)
            .unwrap_or_else(|| ApiError::invalid(format!("the body: {said}")))
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
    unusable(&found.path().to_string(), &found.inner().to_string())
}

/// The field of a value that does not fit; `None` where it is the whole.
fn unusable(path: &str, said: &str) -> Option<ApiError> {
    let (name, reason) = words::plain(said);
    match (path, name) {
        (".", name) => name.map(|name| ApiError::field(name, reason)),
        // What is missing is named by where it should be, what is unknown by where it is.
        (path, Some(name)) if reason == words::MISSING => {
            Some(ApiError::field(&format!("{path}.{name}"), reason))
        }
        (path, _) => Some(ApiError::field(path, reason)),
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

/// The customer that a path names, and something of it.
pub(crate) struct CustomerItemPath(pub(crate) CustomerRef, pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for CustomerItemPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<CustomerItemPath, ApiError> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((name, item)) = path.map_err(|error| ApiError::invalid(error.body_text()))?;
        let name = name.parse().map_err(|error| ApiError::field("customer", format!("{error}")))?;
        Ok(CustomerItemPath(name, item))
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
