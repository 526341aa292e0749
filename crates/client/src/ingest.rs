//! Sending events: in batches, and again under the same ids until each has its verdict.

use crate::client::UsageAPIClient;
use crate::error::{ApiError, ClientError};
use crate::event::Event;
use crate::transport::{Content, Reply};
use std::borrow::Borrow;
use usage_api::event::{EventVerdict, IngestReport};

const PATH: &str = "/api/v1/events";
/// A request takes no further event once it has this many bytes, however few events it has.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// Sending stopped before every event had its verdict.
#[derive(Debug, thiserror::Error)]
#[error("{}", stopped(self))]
pub struct IngestError {
    /// Why.
    #[source]
    pub error: ClientError,
    /// The verdicts so far: on the first events of the call, in the order given.
    pub report: IngestReport,
    /// The events that follow them, of the request that failed: sent perhaps, stored perhaps. Sent
    /// again as they are, with their ids, they count once. Events after these were never sent.
    pub unanswered: Vec<Event>,
}

fn stopped(stop: &IngestError) -> String {
    let (answered, next) = (stop.report.verdicts.len(), stop.unanswered.len());
    let fate = if matches!(stop.error, ClientError::Validation(_)) { "not sent" } else { "stored or not" };
    format!("stopped after {answered} events with verdicts; the next {next} are {fate}")
}

impl UsageAPIClient {
    /// Sends events, as many requests as it takes, and returns the verdict on each in the order
    /// given. An event that the service refuses is a verdict, not an error.
    ///
    /// Without an answer, on 429 and on 502 to 504, a request is sent again under the same ids, so
    /// that nothing counts twice; `Retry-After` is heeded up to a minute.
    ///
    /// # Errors
    /// [`IngestError`] with the verdicts so far: when the retries are used up, or at once for any
    /// other answer.
    pub fn ingest<E: Borrow<Event>>(
        &self,
        events: impl IntoIterator<Item = E>,
    ) -> Result<IngestReport, Box<IngestError>> {
        self.try_ingest(events.into_iter().map(Ok))
    }

    /// [`ingest`](Self::ingest) from a source that may fail, such as a file that is read meanwhile.
    ///
    /// # Errors
    /// Those of [`ingest`](Self::ingest), and the source's own error: then `unanswered` holds events
    /// that were read and not sent.
    pub fn try_ingest<E: Borrow<Event>>(
        &self,
        events: impl IntoIterator<Item = Result<E, ClientError>>,
    ) -> Result<IngestReport, Box<IngestError>> {
        let mut report = IngestReport::default();
        let mut batch = Batch::new();
        for event in events {
            let added = event.and_then(|event| {
                let text = crate::client::json(event.borrow().as_cloud_event())?;
                Ok((event, text))
            });
            let (event, text) = match added {
                Ok(added) => added,
                Err(error) => return Err(batch.stopped(error, report)),
            };
            batch.push(event, &text);
            // Before the source is asked for more: what it gives is lost when this request fails.
            if batch.events.len() >= self.batch_size || batch.body.len() >= MAX_BODY {
                batch = self.send(batch, &mut report)?;
            }
        }
        self.send(batch, &mut report)?;
        Ok(report)
    }

    /// Sends a batch, adds its verdicts to the report, and returns it empty.
    fn send<E: Borrow<Event>>(
        &self,
        mut batch: Batch<E>,
        report: &mut IngestReport,
    ) -> Result<Batch<E>, Box<IngestError>> {
        if batch.events.is_empty() {
            return Ok(batch);
        }
        batch.body.push(b']');
        let kind = "application/cloudevents-batch+json";
        let content = Content { kind, prefer: Some("handling=lenient"), body: &batch.body };
        let answer = self.retry.run(|| {
            let reply = self.transport.post(PATH, &content)?;
            verdicts(&reply, batch.events.len())
        });
        let verdicts = match answer {
            Ok(verdicts) => verdicts,
            Err(error) => return Err(batch.stopped(error, std::mem::take(report))),
        };
        for verdict in verdicts {
            let index = report.verdicts.len() as u64;
            report.push(EventVerdict { index, ..verdict });
        }
        batch.clear();
        Ok(batch)
    }
}

/// One verdict for each event of the request, in its order.
fn verdicts(reply: &Reply, sent: usize) -> Result<Vec<EventVerdict>, ClientError> {
    if reply.status != 200 {
        return Err(reply.error());
    }
    let verdicts = reply.json::<IngestReport>()?.verdicts;
    if verdicts.len() != sent || verdicts.iter().zip(0..).any(|(verdict, index)| verdict.index != index) {
        return Err(ApiError::unreadable(reply.status, "not one verdict per event", &reply.body));
    }
    Ok(verdicts)
}

/// Events of one request, and its body, which is the same on every try.
struct Batch<E> {
    events: Vec<E>,
    body: Vec<u8>,
}

impl<E: Borrow<Event>> Batch<E> {
    fn new() -> Batch<E> {
        Batch { events: Vec::new(), body: vec![b'['] }
    }

    fn push(&mut self, event: E, text: &[u8]) {
        if !self.events.is_empty() {
            self.body.push(b',');
        }
        self.body.extend_from_slice(text);
        self.events.push(event);
    }

    fn clear(&mut self) {
        self.events.clear();
        self.body.truncate(1);
    }

    fn stopped(&self, error: ClientError, report: IngestReport) -> Box<IngestError> {
        let unanswered = self.events.iter().map(|event| event.borrow().clone()).collect();
        Box::new(IngestError { error, report, unanswered })
    }
}
