//! Errors as problems: which error becomes which status, in one place.

use crate::reading::CODINGS;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::time::Duration;
use usage_api::problem::{FieldError, PROBLEM_TYPE, Problem};
use usage_domain::customer::InvalidCustomer;
use usage_domain::meter::InvalidMeter;
use usage_domain::plan::InvalidPlan;
use usage_domain::subject::InvalidSubject;
use usage_engine::EngineError;
use usage_store::StoreError;

/// The answer to a request that did not come about.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    retry_after: Option<u32>,
    accepts: Option<&'static str>,
}

impl ApiError {
    fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> ApiError {
        ApiError {
            status,
            kind,
            title,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            accepts: None,
        }
    }

    /// 400: something about the request is wrong.
    pub(crate) fn invalid(detail: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, "/problems/validation", "Validation Error", detail)
    }

    /// 400: one field is wrong.
    pub(crate) fn field(field: &str, reason: impl Into<String>) -> ApiError {
        let reason = reason.into();
        let error = ApiError::invalid(format!("{field}: {reason}"));
        error.with(vec![FieldError { field: field.to_string(), reason }])
    }

    /// 404: what is asked for is not there.
    pub(crate) fn not_found(detail: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, "/problems/not-found", "Not Found", detail)
    }

    /// 404: there is nothing under this path.
    pub(crate) fn no_route() -> ApiError {
        ApiError::not_found("there is nothing under this path; see /docs")
    }

    /// 405: the path has other methods.
    pub(crate) fn wrong_method() -> ApiError {
        let (status, title) = (StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
        ApiError::new(status, "/problems/method-not-allowed", title, "this path has other methods; see /docs")
    }

    /// 413: the body is larger than is read.
    pub(crate) fn too_large(limit: usize) -> ApiError {
        let (status, title) = (StatusCode::PAYLOAD_TOO_LARGE, "Payload Too Large");
        let detail =
            format!("a body may have {limit} bytes at most; send smaller batches. Nothing of it was stored");
        ApiError::new(status, "/problems/too-large", title, detail)
    }

    /// 415: the body is not of a kind that is read here.
    pub(crate) fn unsupported(expected: &str) -> ApiError {
        let (status, title) = (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type");
        ApiError::new(
            status,
            "/problems/unsupported-media-type",
            title,
            format!("the Content-Type must be {expected}"),
        )
    }

    /// 415: the body is packed in a way that is not read.
    pub(crate) fn coded(coding: &str) -> ApiError {
        let detail = format!("the Content-Encoding must be one of {CODINGS}, not {coding}");
        ApiError { detail, accepts: Some(CODINGS), ..ApiError::unsupported("") }
    }

    /// 400: the body is not packed as its headers say.
    pub(crate) fn packed(coding: &str, reason: &str) -> ApiError {
        ApiError::invalid(format!("the body is not {coding}: {reason}; nothing of it was stored"))
    }

    /// 400: the body ends too early.
    pub(crate) fn cut_off() -> ApiError {
        ApiError::invalid("the body was cut off; nothing of it was stored")
    }

    /// 408: the sender takes too long.
    pub(crate) fn slow(limit: Duration) -> ApiError {
        let (status, title) = (StatusCode::REQUEST_TIMEOUT, "Request Timeout");
        let detail =
            format!("the body did not come within {} seconds; nothing of it was stored", limit.as_secs());
        ApiError::new(status, "/problems/request-timeout", title, detail)
    }

    /// 429: the bodies of all requests together are more than is held at a time.
    pub(crate) fn bodies_overloaded() -> ApiError {
        ApiError::overloaded(
            "too much is being sent at the same time; nothing of this was stored, try again".to_string(),
        )
    }

    fn overloaded(detail: String) -> ApiError {
        let (status, title) = (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
        let error = ApiError::new(status, "/problems/overloaded", title, detail);
        ApiError { retry_after: Some(1), ..error }
    }

    /// 500: what is stored cannot be shown.
    pub(crate) fn unreadable(reason: &str) -> ApiError {
        let (status, title) = (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
        ApiError::new(status, "/problems/internal", title, format!("a stored event cannot be read: {reason}"))
    }

    /// What is wrong, one by one.
    pub(crate) fn with(mut self, errors: Vec<FieldError>) -> ApiError {
        self.errors = errors;
        self
    }

    /// 503: the store does not answer in the time that may be waited.
    pub(crate) fn not_ready() -> ApiError {
        ApiError::unavailable("the store does not answer in time".to_string())
    }

    /// Amounts that do not fit, or a plan that cannot be applied to what was used.
    fn unbillable(detail: String) -> ApiError {
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "/problems/amount", "Amount Out of Range", detail)
    }

    fn unavailable(detail: String) -> ApiError {
        let (status, title) = (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
        let error = ApiError::new(status, "/problems/unavailable", title, detail);
        ApiError { retry_after: Some(1), ..error }
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> ApiError {
        let detail = error.to_string();
        match error {
            EngineError::NoCustomer(_) => {
                ApiError::new(StatusCode::NOT_FOUND, "/problems/customer-not-found", "Not Found", detail)
            }
            EngineError::InvalidCustomer(InvalidCustomer::Field { field, reason }) => {
                ApiError::field(field, reason)
            }
            EngineError::InvalidMeter(InvalidMeter { field, reason })
            | EngineError::InvalidSubject(InvalidSubject { field, reason }) => ApiError::field(field, reason),
            EngineError::Bill(_) => ApiError::unbillable(detail),
            EngineError::InvalidPlan(InvalidPlan { field, reason }) => ApiError::field(&field, reason),
            EngineError::Missing { .. } => ApiError::not_found(detail),
            EngineError::NotBegun { .. }
            | EngineError::PassedOver { .. }
            | EngineError::TooEarly { .. }
            | EngineError::AlreadyFinalized { .. }
            | EngineError::NothingToBill { .. }
            | EngineError::BillStatus { .. } => {
                ApiError::new(StatusCode::CONFLICT, "/problems/bill", "Conflict", detail)
            }
            EngineError::KeyTaken { .. } => {
                let (status, title) = (StatusCode::UNPROCESSABLE_ENTITY, "Idempotency Key Taken");
                ApiError::new(status, "/problems/idempotency-key", title, detail)
            }
            EngineError::Busy => ApiError::overloaded(detail),
            EngineError::Broken { .. } => {
                let title = "Internal Server Error";
                ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "/problems/internal", title, detail)
            }
            EngineError::Store(error) => error.into(),
        }
    }
}

impl From<FieldError> for ApiError {
    fn from(FieldError { field, reason }: FieldError) -> ApiError {
        ApiError::field(&field, reason)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> ApiError {
        let detail = error.to_string();
        match error {
            StoreError::Overloaded => ApiError::overloaded(detail),
            StoreError::WriteFailed { .. }
            | StoreError::Closed
            | StoreError::Catalog(_)
            | StoreError::Unavailable(_) => ApiError::unavailable(detail),
            StoreError::Conflict(_) | StoreError::Stale { .. } => {
                ApiError::new(StatusCode::CONFLICT, "/problems/conflict", "Conflict", detail)
            }
            StoreError::NoCustomer => {
                ApiError::new(StatusCode::NOT_FOUND, "/problems/customer-not-found", "Not Found", detail)
            }
            StoreError::NoMeter => {
                ApiError::new(StatusCode::NOT_FOUND, "/problems/meter-not-found", "Not Found", detail)
            }
            StoreError::NoSubject => {
                ApiError::new(StatusCode::NOT_FOUND, "/problems/subject-not-found", "Not Found", detail)
            }
            StoreError::Query(_) | StoreError::Limit(_) => ApiError::invalid(detail),
            StoreError::Bill(error) => EngineError::Bill(error).into(),
            StoreError::Io { .. }
            | StoreError::Damaged { .. }
            | StoreError::InUse { .. }
            | StoreError::DamagedRow { .. }
            | StoreError::WrongDatabase { .. }
            | StoreError::WrongFolder { .. } => {
                let title = "Internal Server Error";
                ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "/problems/internal", title, detail)
            }
        }
    }
}

impl IntoResponse for ApiError {
    /// The path of the request is filled in by the router.
    fn into_response(self) -> Response {
        if self.status.is_server_error() {
            tracing::error!(status = self.status.as_u16(), detail = self.detail, "a request failed");
        }
        let problem = Problem {
            kind: self.kind.to_string(),
            title: self.title.to_string(),
            status: self.status.as_u16(),
            detail: self.detail,
            instance: String::new(),
            errors: self.errors,
        };
        let mut response = (self.status, [(header::CONTENT_TYPE, PROBLEM_TYPE)]).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(codings) = self.accepts {
            response.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static(codings));
        }
        response.extensions_mut().insert(problem);
        response
    }
}

/// Writes the body of a problem, now that the path is known.
pub(crate) fn finish(mut response: Response, path: &str) -> Response {
    if let Some(mut problem) = response.extensions_mut().remove::<Problem>() {
        problem.instance = path.to_string();
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        *response.body_mut() = body.into();
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    response
}
