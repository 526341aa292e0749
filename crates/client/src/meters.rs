//! Meters: how events become quantities, and how much they are.

use crate::client::{UsageAPIClient, json};
use crate::customer::percent_encode;
use crate::error::ClientError;
use crate::transport::{Content, Reply};
use usage_api::meter::query::{MeterQueryRequest, MeterQueryResult};
use usage_api::meter::{Meter, MeterInput};

/// Every request here fails with [`ClientError::Network`] without an answer in time, and with
/// [`ClientError::Api`] for an answer that is no result. A meter is named by its slug or its id.
impl UsageAPIClient {
    /// All meters, in the order in which they were made.
    ///
    /// # Errors
    /// No answer, or one that is no list of meters.
    pub fn meters(&self) -> Result<Vec<Meter>, ClientError> {
        self.transport.get("/api/v1/meters")?.json()
    }

    /// [`meters`](Self::meters), as the JSON text that the service sent.
    ///
    /// # Errors
    /// Those of [`meters`](Self::meters).
    pub fn meters_json(&self) -> Result<String, ClientError> {
        self.transport.get("/api/v1/meters")?.into_text()
    }

    /// Makes a meter. It covers the events that are stored already.
    ///
    /// # Errors
    /// No answer; 400 with the field that is wrong; 409 where the slug is another meter's.
    pub fn create_meter(&self, meter: &MeterInput) -> Result<Meter, ClientError> {
        self.post_meter(&json(meter)?)?.json()
    }

    /// [`create_meter`](Self::create_meter), with the meter as JSON text in both directions.
    ///
    /// # Errors
    /// Those of [`create_meter`](Self::create_meter).
    pub fn create_meter_json(&self, meter: &str) -> Result<String, ClientError> {
        self.post_meter(meter.as_bytes())?.into_text()
    }

    /// Ends a meter; the events that it measured stay.
    ///
    /// # Errors
    /// No answer; 404 where there is no such meter.
    pub fn delete_meter(&self, meter: &str) -> Result<(), ClientError> {
        self.transport.delete(&meter_path(meter)?)?.ok()
    }

    /// A meter's usage. Figures keep all of their digits.
    ///
    /// # Errors
    /// No answer; 400 where the question has none; 404 where there is no such meter or customer.
    pub fn query_meter(
        &self,
        meter: &str,
        question: &MeterQueryRequest,
    ) -> Result<MeterQueryResult, ClientError> {
        self.ask_meter(meter, &json(question)?)?.json()
    }

    /// [`query_meter`](Self::query_meter), with the question and the answer as JSON text.
    ///
    /// # Errors
    /// Those of [`query_meter`](Self::query_meter).
    pub fn query_meter_json(&self, meter: &str, question: &str) -> Result<String, ClientError> {
        self.ask_meter(meter, question.as_bytes())?.into_text()
    }

    fn post_meter(&self, body: &[u8]) -> Result<Reply, ClientError> {
        self.transport.post("/api/v1/meters", &Content { kind: "application/json", prefer: None, body })
    }

    fn ask_meter(&self, meter: &str, body: &[u8]) -> Result<Reply, ClientError> {
        let content = Content { kind: "application/json", prefer: None, body };
        self.transport.post(&format!("{}/query", meter_path(meter)?), &content)
    }
}

fn meter_path(meter: &str) -> Result<String, ClientError> {
    if meter.is_empty() {
        return Err(ClientError::validation("Meter cannot be empty"));
    }
    Ok(format!("/api/v1/meters/{}", percent_encode(meter)))
}
