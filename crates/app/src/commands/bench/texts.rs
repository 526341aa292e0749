//! The events' texts, but for what is different in each: one per meter, model and region.

use super::{moments, uuid};

/// The types of events, one per meter.
pub(super) const TYPES: [&str; 10] = [
    "api.request",
    "gpu.seconds",
    "storage.write",
    "storage.read",
    "network.egress",
    "tokens.input",
    "tokens.output",
    "database.query",
    "queue.message",
    "function.run",
];
const MODELS: [&str; 10] = [
    "atlas-large-2",
    "atlas-small-2",
    "borealis-70b",
    "borealis-8b-instruct",
    "cumulus-embed-v3",
    "delta-vision-1.5",
    "echo-transcribe-2",
    "fjord-coder-32b",
    "gale-rerank-v2",
    "horizon-image-xl",
];
const REGIONS: [&str; 4] = ["eu-central-1", "us-east-1", "us-west-2", "ap-southeast-2"];
/// Different groups of a meter's usage.
pub(super) const GROUPS: usize = MODELS.len() * REGIONS.len();
/// Digits of a subject's number.
pub(super) const SUBJECT_DIGITS: usize = 6;
/// An event's value, with its digits yet to come.
pub(super) const VALUE: &str = "0000.000";

/// An event without what changes, and where that stands.
pub(super) struct Text {
    pub(super) bytes: Vec<u8>,
    pub(super) id: usize,
    pub(super) subject: usize,
    pub(super) time: usize,
    pub(super) value: usize,
}

/// The model and the region of a kind of events.
pub(super) fn group(kind: usize) -> (&'static str, &'static str) {
    (MODELS[kind % MODELS.len()], REGIONS[kind / MODELS.len() % REGIONS.len()])
}

/// The text of a subject.
pub(super) fn subject(number: u64) -> String {
    format!("c{number:0SUBJECT_DIGITS$}")
}

impl Text {
    /// The text of a kind: the groups of the first meter, then those of the second, and so on.
    pub(super) fn new(kind: usize) -> Text {
        let (event_type, (model, region)) = (TYPES[kind / GROUPS], group(kind));
        let mut bytes = Vec::new();
        let mut place = |before: &str, zeros: usize| {
            bytes.extend_from_slice(before.as_bytes());
            let place = bytes.len();
            bytes.resize(place + zeros, b'0');
            place
        };
        let id = place("{\"specversion\":\"1.0\",\"id\":\"", uuid::LENGTH);
        let source = format!("\",\"source\":\"https://collector-{:02}.{region}.example.com\"", kind % 16);
        let subject = place(&format!("{source},\"type\":\"{event_type}\",\"subject\":\"c"), SUBJECT_DIGITS);
        let time = place("\",\"time\":\"", moments::LENGTH);
        let value = place("\",\"data\":{\"value\":", VALUE.len());
        place(&format!(",\"model\":\"{model}\",\"region\":\"{region}\"}}}}"), 0);
        Text { bytes, id, subject, time, value }
    }
}
