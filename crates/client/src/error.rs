//! What can go wrong with a request: it was not sent, it was not answered, or the answer was no.

use std::time::Duration;
use usage_api::problem::Problem;

/// The most characters of an answer that is no problem document which an [`ApiError`] shows.
const MAX_REASON: usize = 500;

/// Why a request brought no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// An argument cannot be used: nothing was sent.
    #[error(transparent)]
    Validation(#[from] ValidationError),
    /// The service cannot be reached, broke off, or did not answer in time: whether it did what it
    /// was asked is unknown.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The service answered with something else than a result.
    #[error(transparent)]
    Api(#[from] Box<ApiError>),
}

/// An argument that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ValidationError(
    /// What is wrong, beginning with what it is wrong with.
    pub String,
);

/// No answer, or no whole answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no answer from {base_url}: {reason}")]
pub struct NetworkError {
    /// Where the request went.
    pub base_url: String,
    /// Why there is no answer, such as `Connection refused (os error 111)`.
    pub reason: String,
    /// Whether the service was reached or not, the time ran out.
    pub timed_out: bool,
}

/// An answer that is no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status}: {reason}")]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// The service's reason: a problem's detail, or else the text of the answer, cut to 500
    /// characters.
    pub reason: String,
    /// The answer, where it is a problem document.
    pub problem: Option<Problem>,
    /// How long the service asks to wait before the next try.
    pub retry_after: Option<Duration>,
}

impl ClientError {
    pub(crate) fn validation(reason: impl Into<String>) -> ClientError {
        ClientError::Validation(ValidationError(reason.into()))
    }

    /// Whether the same request may well succeed later: no answer, too many requests (429), or a
    /// service that is away (502, 503, 504).
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            ClientError::Validation(_) => false,
            ClientError::Network(_) => true,
            ClientError::Api(error) => matches!(error.status, 429 | 502..=504),
        }
    }

    /// How long the service asks to wait before the next try.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            ClientError::Api(error) => error.retry_after,
            ClientError::Validation(_) | ClientError::Network(_) => None,
        }
    }
}

impl ApiError {
    /// The error that an answer with this status and body is.
    pub(crate) fn of(status: u16, body: &[u8], retry_after: Option<Duration>) -> ApiError {
        let problem: Option<Problem> = serde_json::from_slice(body).ok();
        let reason = match &problem {
            Some(problem) if problem.detail.is_empty() => problem.title.clone(),
            Some(problem) => problem.detail.clone(),
            None => excerpt(&String::from_utf8_lossy(body)),
        };
        let reason = if reason.is_empty() { "an answer without a reason".to_string() } else { reason };
        ApiError { status, reason, problem, retry_after }
    }

    /// An answer whose status promises a result, but which is none that this client can read.
    pub(crate) fn unreadable(status: u16, why: &str, body: &[u8]) -> ClientError {
        let text = excerpt(&String::from_utf8_lossy(body));
        let reason = format!("the answer cannot be read ({why}): {text}");
        ClientError::from(Box::new(ApiError { status, reason, problem: None, retry_after: None }))
    }
}

fn excerpt(text: &str) -> String {
    text.trim().chars().take(MAX_REASON).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_the_problems_detail_or_else_the_text() {
        let problem = r#"{"type":"/problems/x","title":"Bad","status":400,"detail":"customer: is missing","instance":"/"}"#;
        let bare = r#"{"type":"/problems/x","title":"Bad","status":400,"detail":"","instance":"/"}"#;
        let long = "ü".repeat(600);
        for (body, reason, is_problem) in [
            (problem, "customer: is missing", true),
            (bare, "Bad", true),
            (" Bad Gateway\n", "Bad Gateway", false),
            ("", "an answer without a reason", false),
            (&long, &long[..1000], false),
        ] {
            let error = ApiError::of(400, body.as_bytes(), None);
            assert_eq!((error.reason.as_str(), error.problem.is_some()), (reason, is_problem));
        }
    }
}
