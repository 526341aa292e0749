//! Usage events as collectors send them: prebuilt requests in which only ids, subjects and times change.

use super::http;
use super::random::Random;
use std::time::{SystemTime, UNIX_EPOCH};

/// How many subjects the events are of.
pub(crate) const SUBJECTS: u64 = 100_000;
/// The length of [`subject`]'s number.
const SUBJECT_DIGITS: usize = 6;
const TIME: &str = "2026-01-01T00:00:00.000000Z";
const UUID_LENGTH: usize = 36;

/// Service, description, unit and price of a unit in ten-thousandths of a dollar.
const PRICES: [(&str, &str, &str, u64); 10] = [
    ("Compute Engine", "N2 Instance Core", "Hours", 316),
    ("Compute Engine", "N2 Instance Ram", "GB-Hours", 42),
    ("Object Storage", "Standard Storage", "GB-Hours", 1),
    ("Object Storage", "Class A Operations", "Requests", 50),
    ("Managed Database", "db.r6g.large", "Hours", 2250),
    ("Inference API", "Input Tokens", "1K Tokens", 25),
    ("Inference API", "Output Tokens", "1K Tokens", 100),
    ("Data Transfer", "Egress to Internet", "GB", 900),
    ("Message Queue", "Standard Requests", "Requests", 4),
    ("Functions", "Duration", "GB-Seconds", 17),
];

/// The text of a subject.
pub(crate) fn subject(number: u64) -> String {
    format!("c-{number:0SUBJECT_DIGITS$}")
}

/// Where in a request an event's changing parts are.
struct Slot {
    id: usize,
    subject: usize,
    time: usize,
}

/// A request with events, to be sent again and again with new ids.
pub(crate) struct Batch {
    request: Vec<u8>,
    slots: Vec<Slot>,
}

impl Batch {
    /// A batch of events, or a single one.
    pub(crate) fn new(random: &mut Random, events: usize) -> Batch {
        let mut body = Vec::new();
        let mut slots = Vec::new();
        for index in 0..events {
            if events > 1 {
                body.push(if index == 0 { b'[' } else { b',' });
            }
            slots.push(push_event(&mut body, random));
        }
        let media_type = match events {
            1 => "application/cloudevents+json",
            _ => {
                body.push(b']');
                "application/cloudevents-batch+json"
            }
        };
        let request = http::post("/api/v1/events", media_type, &body);
        let head = request.len() - body.len();
        for slot in &mut slots {
            slot.id += head;
            slot.subject += head;
            slot.time += head;
        }
        let mut batch = Batch { request, slots };
        batch.renew(random, &mut Clock::default());
        batch
    }

    /// The request with new random ids and subjects, and times up to the present.
    pub(crate) fn renew(&mut self, random: &mut Random, clock: &mut Clock) -> &[u8] {
        let now = clock.now();
        let count = self.slots.len() as u64;
        for (index, slot) in (0..count).zip(&self.slots) {
            random.uuid(&mut self.request[slot.id..slot.id + UUID_LENGTH]);
            let subject = random.below(SUBJECTS);
            digits(&mut self.request[slot.subject..slot.subject + SUBJECT_DIGITS], subject);
            clock.write(&mut self.request[slot.time..slot.time + TIME.len()], now - (count - index) * 10);
        }
        &self.request
    }

    /// The mean length of an event.
    pub(crate) fn event_bytes(&self) -> usize {
        self.request.len() / self.slots.len()
    }

    /// The request with the events' subjects counted up from this one.
    pub(crate) fn subjects_from(&mut self, first: u64) -> &[u8] {
        for (number, slot) in (first..).zip(&self.slots) {
            digits(&mut self.request[slot.subject..slot.subject + SUBJECT_DIGITS], number);
        }
        &self.request
    }
}

/// Adds an event; says where its parts are.
fn push_event(body: &mut Vec<u8>, random: &mut Random) -> Slot {
    let (service, description, unit, price) = PRICES[random.below(PRICES.len() as u64) as usize];
    let quantity = 1 + random.below(9_999);
    let amount = quantity * price;
    body.extend_from_slice(b"{\"id\":\"");
    let id = body.len();
    body.extend_from_slice(&[b'0'; UUID_LENGTH]);
    let source = random.below(100);
    body.extend_from_slice(format!("\",\"source\":\"collector-{source:02}\",\"specversion\":\"1.0\",\"type\":\"usage.charge\",\"subject\":\"c-").as_bytes());
    let subject = body.len();
    body.extend_from_slice(&[b'0'; SUBJECT_DIGITS]);
    body.extend_from_slice(b"\",\"time\":\"");
    let time = body.len();
    body.extend_from_slice(TIME.as_bytes());
    let (whole, part) = (amount / 10_000, amount % 10_000);
    body.extend_from_slice(format!("\",\"data\":{{\"service\":\"{service}\",\"description\":\"{description}\",\"quantity\":\"{quantity}\",\"unit\":\"{unit}\",\"amount\":\"{whole}.{part:04}\"}}}}").as_bytes());
    Slot { id, subject, time }
}

/// Writes a number with as many digits as there is room for.
fn digits(text: &mut [u8], mut number: u64) {
    for digit in text.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Writes times quickly: the part down to the second is made once a second.
#[derive(Default)]
pub(crate) struct Clock {
    second: u64,
    text: Vec<u8>,
}

impl Clock {
    /// Microseconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
    }

    fn write(&mut self, text: &mut [u8], micros: u64) {
        if self.second != micros / 1_000_000 || self.text.is_empty() {
            self.second = micros / 1_000_000;
            self.text = rfc3339(self.second).into_bytes();
        }
        text[..20].copy_from_slice(&self.text[..20]);
        digits(&mut text[20..26], micros % 1_000_000);
    }
}

/// A moment in seconds since 1970, as `2026-01-01T00:00:00.`.
fn rfc3339(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Years from March on, in eras of 400 years from 0000-03-01, 719,468 days before 1970.
    let (era, day) = ((days + 719_468) / 146_097, (days + 719_468) % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_people_write_them() {
        let expected = [
            (0, "1970-01-01T00:00:00."),
            (951_782_399, "2000-02-28T23:59:59."),
            (951_782_400, "2000-02-29T00:00:00."),
            (1_767_225_599, "2025-12-31T23:59:59."),
            (1_772_323_200, "2026-03-01T00:00:00."),
        ];
        for (seconds, text) in expected {
            assert_eq!(rfc3339(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn a_renewed_batch_is_json_of_the_same_length_with_other_ids() {
        let (mut random, mut clock) = (Random::new(1), Clock::default());
        let mut batch = Batch::new(&mut random, 3);
        let ids = |request: &[u8]| {
            let body = request.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
            let events: serde_json::Value = serde_json::from_slice(&request[body..]).unwrap();
            events.as_array().unwrap().iter().map(|event| event["id"].to_string()).collect::<Vec<_>>()
        };
        let first = batch.renew(&mut random, &mut clock).to_vec();
        let second = batch.renew(&mut random, &mut clock).to_vec();
        assert_eq!(first.len(), second.len());
        let (first, second) = (ids(&first), ids(&second));
        assert_eq!(first.len(), 3);
        assert!(first.iter().all(|id| !second.contains(id)), "{first:?} {second:?}");
    }
}
