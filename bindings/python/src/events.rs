//! Events that a Python iterator yields, taken a batch at a time.

use crate::errors;
use pyo3::prelude::*;
use pyo3::types::PyIterator;
use std::collections::VecDeque;
use usage_client::{ClientError, Event, ValidationError};

/// What the Python side makes of an event: id, source, type, subject, time, data as JSON.
#[derive(FromPyObject)]
struct Row(Option<String>, Option<String>, Option<String>, String, Option<String>, Option<String>);

/// The events of an iterator. The interpreter is taken once for as many as go in one request.
pub(crate) struct Rows {
    source: Py<PyIterator>,
    at_once: usize,
    ready: VecDeque<Event>,
    ended: bool,
    failed: Option<ClientError>,
}

impl Rows {
    pub(crate) fn new(source: Py<PyIterator>, at_once: usize) -> Rows {
        Rows { source, at_once, ready: VecDeque::new(), ended: false, failed: None }
    }

    /// Events that were taken from the iterator and not handed on.
    pub(crate) fn into_left(self) -> VecDeque<Event> {
        self.ready
    }

    fn take(&mut self) {
        let taken = Python::attach(|py| {
            let mut rows = self.source.bind(py).clone();
            for _ in 0..self.at_once {
                let Some(row) = rows.next() else {
                    self.ended = true;
                    break;
                };
                self.ready.push_back(event(row?.extract()?)?);
            }
            Ok::<_, PyErr>(())
        });
        if let Err(raised) = taken {
            errors::keep(raised);
            self.ended = true;
            self.failed = Some(ValidationError("the source of the events failed".to_string()).into());
        }
    }
}

impl Iterator for Rows {
    type Item = Result<Event, ClientError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty() && !self.ended {
            self.take();
        }
        self.ready.pop_front().map(Ok).or_else(|| self.failed.take().map(Err))
    }
}

fn event(Row(id, source, event_type, subject, time, data): Row) -> PyResult<Event> {
    let mut event = Event::new(subject);
    if let Some(id) = id {
        event = event.id(id);
    }
    if let Some(source) = source {
        event = event.source(source);
    }
    if let Some(event_type) = event_type {
        event = event.event_type(event_type);
    }
    if let Some(time) = time {
        event = event.time(time);
    }
    match data {
        Some(data) => {
            event.data_json(&data).map_err(|error| Python::attach(|py| errors::raise(py, &error.into())))
        }
        None => Ok(event),
    }
}
