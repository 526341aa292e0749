//! Query parameters that nobody reads: refused, because an answer that ignored one would not be what was asked
//! for. What a route reads is what the description of the service says, so that there is one list of it.
//!
//! Does not look at routes whose contract is another's and says nothing of unknown parameters.

use crate::error::ApiError;
use crate::openapi::described;
use axum::extract::{MatchedPath, Query, Request};
use axum::http::Method;
use std::collections::HashMap;
use std::sync::LazyLock;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};

/// Where unknown parameters are none of our business: published clients rely on these as they are.
const OTHERS: [&str; 6] =
    ["/api/v1/usage/create/", "/api/v1/events", "/api/v1/meters", "/api/v1/subjects", "/api/v2/", "/api/v3/"];
/// Routes below them that are ours.
const OURS: [&str; 2] = ["/api/v1/events/log", "/api/v1/meters/preview"];

/// What every route reads, by its path and method.
static KNOWN: LazyLock<HashMap<(String, Method), Vec<String>>> = LazyLock::new(known);

/// What is wrong with a request that has a parameter that its route does not have.
pub(crate) fn unknown(request: &Request) -> Option<ApiError> {
    request.uri().query().filter(|query| !query.is_empty())?;
    let path = request.extensions().get::<MatchedPath>()?.as_str().to_string();
    let method = if request.method() == Method::HEAD { Method::GET } else { request.method().clone() };
    let known = KNOWN.get(&(path, method))?;
    // What is no query at all is refused by who reads it.
    let Query(given) = Query::<Vec<(String, String)>>::try_from_uri(request.uri()).ok()?;
    let (name, _) = given.into_iter().find(|(name, _)| !known.contains(name))?;
    let reason = match known.is_empty() {
        true => "is no parameter here; there is none".to_string(),
        false => format!("is no parameter here; there are {}", known.join(", ")),
    };
    Some(ApiError::field(&format!("{name:.64}"), reason))
}

fn known() -> HashMap<(String, Method), Vec<String>> {
    let mut known = HashMap::new();
    for (path, item) in described().paths.paths {
        if OTHERS.iter().any(|other| path.starts_with(other)) && !OURS.contains(&path.as_str()) {
            continue;
        }
        let PathItem { get, put, post, delete, .. } = item;
        let operations =
            [(Method::GET, get), (Method::PUT, put), (Method::POST, post), (Method::DELETE, delete)];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                known.insert((path.clone(), method), read_by(operation));
            }
        }
    }
    known
}

fn read_by(operation: Operation) -> Vec<String> {
    let all = operation.parameters.unwrap_or_default().into_iter();
    let of_query = all.filter_map(|one| match one {
        RefOr::T(one) if matches!(one.parameter_in, ParameterIn::Query) => Some(one.name),
        _ => None,
    });
    of_query.collect()
}
