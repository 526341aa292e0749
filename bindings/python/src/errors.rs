//! Errors of the client as the exceptions of the package, and exceptions that pass through it.

use pyo3::prelude::*;
use std::cell::RefCell;
use usage_client::ClientError;

thread_local! {
    /// What Python raised while the client was at work on this thread: the client's errors cannot
    /// carry it.
    static RAISED: RefCell<Option<PyErr>> = const { RefCell::new(None) };
}

/// Keeps an exception until the client has returned.
pub(crate) fn keep(raised: PyErr) {
    RAISED.set(Some(raised));
}

/// The exception that was kept.
pub(crate) fn take() -> Option<PyErr> {
    RAISED.take()
}

/// The exception of `usage_client` that an error is.
pub(crate) fn raise(py: Python<'_>, error: &ClientError) -> PyErr {
    let module = match py.import("usage_client._errors") {
        Ok(module) => module,
        Err(error) => return error,
    };
    let exception = match error {
        ClientError::Validation(error) => module.call_method1("ValidationError", (error.to_string(),)),
        ClientError::Network(error) => module.call_method1("NetworkError", (error.to_string(),)),
        ClientError::Api(error) => {
            let problem = error.problem.as_ref().and_then(|problem| serde_json::to_string(problem).ok());
            module.call_method1("api_error", (error.status, &error.reason, problem))
        }
    };
    exception.map_or_else(|error| error, PyErr::from_value)
}
