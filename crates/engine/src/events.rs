//! Usage events: taking them in, listing what is stored.

use crate::{Engine, EngineError};
use std::sync::Arc;
use usage_domain::customer::{CustomerId, CustomerRef};
use usage_domain::event::{EventBatch, EventRef, StoredEvent, UsageEvent};
use usage_domain::position::Position;
use usage_domain::time::Timestamp;
use usage_domain::verdict::Verdict;
use usage_store::{EventFilter, Handling, LogPage, Measured, MeterSet, measure, meter};

/// A stored event with what is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedEvent {
    /// The event.
    pub stored: StoredEvent,
    /// The customer that paid for its subject at its time.
    pub customer: Option<CustomerId>,
    /// Why it cannot be billed or metered, where it is of a type that is.
    pub validation_errors: Vec<String>,
}

impl Engine {
    /// Stores valid events that arrived together; one verdict per event, after the commit. With
    /// [`Handling::Strict`] nothing is stored where any of them is rejected.
    ///
    /// # Errors
    /// When the store is busy or could not write; then nothing of them is stored.
    pub async fn ingest(
        &self,
        events: Vec<UsageEvent>,
        received: Timestamp,
        handling: Handling,
    ) -> Result<Vec<Verdict>, EngineError> {
        Ok(self.store.append(events, received, handling).await?)
    }

    /// The same for events on the text that they came in.
    ///
    /// # Errors
    /// When the store is busy or could not write; then nothing of them is stored.
    pub async fn ingest_batch(
        &self,
        events: EventBatch,
        received: Timestamp,
        handling: Handling,
    ) -> Result<Vec<Verdict>, EngineError> {
        Ok(self.store.append_batch(events, received, handling).await?)
    }

    /// Stored events that pass the filter, newest time first; of one customer, where one is named.
    ///
    /// # Errors
    /// No such customer, or a log that cannot be read.
    pub async fn events(
        &self,
        filter: EventFilter,
        customer: Option<&CustomerRef>,
    ) -> Result<Vec<ListedEvent>, EngineError> {
        self.events_of(filter, customer.map(std::slice::from_ref)).await
    }

    /// Stored events that pass the filter, newest time first; of these customers, where any are named.
    ///
    /// # Errors
    /// No such customer, or a log that cannot be read.
    pub async fn events_of(
        &self,
        mut filter: EventFilter,
        customers: Option<&[CustomerRef]>,
    ) -> Result<Vec<ListedEvent>, EngineError> {
        if let Some(names) = customers {
            let mut paid = Vec::new();
            for name in names {
                let customer = self.customer(name).await?;
                paid.extend(self.store.paid_subjects(customer.id).await?);
            }
            filter.paid = Some(paid);
        }
        let meters = MeterSet::new(self.store.meters().await?.into_iter().map(Arc::new));
        let mut listed = Vec::new();
        for stored in self.store.events(filter).await? {
            let customer = self.store.payer(&stored.event.subject, stored.event.time).await?;
            let validation_errors = problems(stored.event.borrowed(), &meters);
            listed.push(ListedEvent { stored, customer, validation_errors });
        }
        Ok(listed)
    }

    /// Stored events in the order of the log: a page of those behind `after` that pass the filter, with
    /// the position up to which the log is read. That is `until`, or where the log ends now.
    ///
    /// # Errors
    /// A log that cannot be read.
    pub async fn log(
        &self,
        after: Position,
        until: Option<Position>,
        filter: EventFilter,
    ) -> Result<(LogPage, Position), EngineError> {
        let until = match until {
            Some(until) => until,
            None => self.store.position().await?,
        };
        Ok((self.store.log(after, until.clone(), filter).await?, until))
    }
}

/// Why an event is left out of bills or meters that cover it.
fn problems(event: EventRef<'_>, meters: &MeterSet) -> Vec<String> {
    let charge = match measure(event) {
        Measured::Invalid(reason) => Some(format!("invalid event: {reason}")),
        Measured::Charge(_) | Measured::Nothing => None,
    };
    let metered = meter(event, meters).into_iter().filter_map(|(_, measured)| measured.err());
    let mut problems: Vec<String> =
        charge.into_iter().chain(metered.map(|error| error.to_string())).collect();
    problems.dedup();
    problems
}
