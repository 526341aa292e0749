//! The answers of the first contract: `POST /api/v1/usage/create/`.

use crate::error::{ApiError, ClientError};
use crate::transport::Reply;
use serde::de::DeserializeOwned;
use usage_api::posting::{Message, Posting};

/// What posting a customer's usage of the current month led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateUsage {
    /// There was usage not yet posted; this is the posting now (201).
    Posted(Posting),
    /// Nothing new since the last posting (409).
    AlreadyProcessed(Message),
    /// The customer has no usage and no bill this month (404).
    NoUsage(Message),
    /// There is no such customer (404).
    NoCustomer(Message),
}

impl CreateUsage {
    /// Reads an answer.
    ///
    /// # Errors
    /// Every answer that is none of the four.
    pub(crate) fn read(reply: &Reply) -> Result<CreateUsage, ClientError> {
        match reply.status {
            201 => reply.json().map(CreateUsage::Posted),
            409 => body(reply).map(CreateUsage::AlreadyProcessed),
            404 => {
                let message: Message = body(reply)?;
                let nobody = Message::no_customer();
                if message == nobody {
                    return Ok(CreateUsage::NoCustomer(message));
                }
                // Another 404, such as a proxy's, says nothing about a customer.
                let about_usage = nobody.message.trim_end_matches('.');
                if message.message.starts_with(about_usage) {
                    return Ok(CreateUsage::NoUsage(message));
                }
                Err(reply.error())
            }
            _ => Err(reply.error()),
        }
    }

    /// The answer's text as the first clients know it: `{"message": body}`, or the body itself
    /// where there is no such customer.
    pub(crate) fn wrap(&self, body: &str) -> String {
        match self {
            CreateUsage::NoCustomer(_) => body.to_string(),
            CreateUsage::Posted(_) | CreateUsage::AlreadyProcessed(_) | CreateUsage::NoUsage(_) => {
                format!("{{\"message\":{body}}}")
            }
        }
    }
}

fn body<T: DeserializeOwned>(reply: &Reply) -> Result<T, ClientError> {
    serde_json::from_slice(&reply.body)
        .map_err(|_| Box::new(ApiError::of(reply.status, &reply.body, reply.retry_after)).into())
}
