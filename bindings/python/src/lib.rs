//! usage_client for Python: the module `usage_client._native`, which the package wraps.
//!
//! Owns the way between the two languages: names, texts, errors, the interpreter's lock and its
//! signals. Values cross as JSON text, which the Python side reads and writes without floats.

mod errors;
mod events;

use pyo3::prelude::*;
use std::time::Duration;
use usage_client::usage_api::event::CloudEvent;
use usage_client::{ClientError, CustomerName, Event, UsageAPIClient, ValidationError};

/// How long an interrupt may go unnoticed while the client waits before a retry.
const SLICE: Duration = Duration::from_millis(100);

#[pymodule]
mod _native {
    #[pymodule_export]
    use super::Client;
}

/// The client beneath `usage_client.UsageAPIClient`.
#[pyclass(frozen, module = "usage_client._native")]
struct Client(UsageAPIClient);

/// A customer as Python names it.
#[derive(FromPyObject)]
enum Customer {
    Number(i64),
    Text(String),
}

impl From<Customer> for CustomerName {
    fn from(customer: Customer) -> CustomerName {
        match customer {
            Customer::Number(number) => number.into(),
            Customer::Text(text) => text.into(),
        }
    }
}

/// The report, the events without a verdict (both as JSON), and why sending stopped.
type Ingested = (String, String, Option<Py<PyAny>>);

#[pymethods]
impl Client {
    #[new]
    fn new(
        py: Python<'_>,
        base_url: &Bound<'_, pyo3::types::PyString>,
        api_key: Option<String>,
        timeout: f64,
        retries: u32,
        batch_size: usize,
    ) -> PyResult<Client> {
        let build = || -> Result<UsageAPIClient, ClientError> {
            let timeout = Duration::try_from_secs_f64(timeout)
                .map_err(|error| ValidationError(format!("timeout: {error}")))?;
            let builder = UsageAPIClient::builder(&base_url.to_string_lossy())
                .timeout(timeout)
                .retries(retries)
                .batch_size(batch_size)
                .wait_with(wait);
            api_key.into_iter().fold(builder, |builder, key| builder.api_key(key)).build()
        };
        build().map(Client).map_err(|error| errors::raise(py, &error))
    }

    fn create_usage(&self, py: Python<'_>, customer: Customer) -> PyResult<String> {
        let name = CustomerName::from(customer);
        py.detach(|| self.0.create_usage_json(name)).map_err(|error| errors::raise(py, &error))
    }

    fn bill(&self, py: Python<'_>, customer: Customer, month: Option<String>) -> PyResult<String> {
        let name = CustomerName::from(customer);
        py.detach(|| self.0.bill_json(name, month.as_deref())).map_err(|error| errors::raise(py, &error))
    }

    fn meters(&self, py: Python<'_>) -> PyResult<String> {
        py.detach(|| self.0.meters_json()).map_err(|error| errors::raise(py, &error))
    }

    fn create_meter(&self, py: Python<'_>, meter: String) -> PyResult<String> {
        py.detach(|| self.0.create_meter_json(&meter)).map_err(|error| errors::raise(py, &error))
    }

    fn query_meter(&self, py: Python<'_>, meter: String, question: String) -> PyResult<String> {
        py.detach(|| self.0.query_meter_json(&meter, &question)).map_err(|error| errors::raise(py, &error))
    }

    fn ingest(
        &self,
        py: Python<'_>,
        rows: Bound<'_, pyo3::types::PyIterator>,
        batch_size: usize,
    ) -> PyResult<Ingested> {
        let mut source = events::Rows::new(rows.unbind(), batch_size);
        let result = py.detach(|| self.0.try_ingest(source.by_ref()));
        let stopped = match result {
            Ok(report) => return Ok((text(&report)?, "[]".to_string(), None)),
            Err(stopped) => stopped,
        };
        // What Python raised meanwhile is the cause; the client's own error only follows from it.
        let error = errors::take().unwrap_or_else(|| errors::raise(py, &stopped.error));
        let left = stopped.unanswered.into_iter().chain(source.into_left()).collect::<Vec<Event>>();
        let unanswered: Vec<&CloudEvent> = left.iter().map(Event::as_cloud_event).collect();
        Ok((text(&stopped.report)?, text(&unanswered)?, Some(error.into_value(py).into_any())))
    }
}

fn text(value: &impl serde::Serialize) -> PyResult<String> {
    serde_json::to_string(value).map_err(|error| pyo3::exceptions::PyRuntimeError::new_err(error.to_string()))
}

/// Waits with the interpreter free for others, and gives up when a signal handler raises, such as
/// the one of Ctrl-C.
fn wait(pause: Duration) -> bool {
    let mut left = pause;
    while !left.is_zero() {
        let slice = left.min(SLICE);
        std::thread::sleep(slice);
        left -= slice;
        if let Err(raised) = Python::attach(|py| py.check_signals()) {
            errors::keep(raised);
            return false;
        }
    }
    true
}
