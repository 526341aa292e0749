//! What is sent: batches that are functions of the seed, the sender and their number, so that the same can be
//! sent twice, and once more to another store, without being kept.

use crate::load::http::post;
use crate::load::random::Random;

/// Whose usage it is.
pub(super) const SUBJECTS: u64 = 20;
/// A batch in so many takes an event of an earlier one back.
const TAKING_BACK: u64 = 5;
/// An event in so many is metered; the others carry their price.
const METERED: u64 = 2;
/// All events are of this month.
pub(super) const MONTH: &str = "2026-01";

/// All that is sent.
#[derive(Clone, Copy)]
pub(super) struct Batches {
    pub(super) seed: u64,
    pub(super) senders: u64,
    /// Of each sender.
    pub(super) batches: u64,
    /// The most events of a batch.
    pub(super) size: u64,
}

impl Batches {
    /// Of about so many events.
    pub(super) fn of(seed: u64, senders: u64, events: u64) -> Batches {
        // Enough batches for kills between them, and for groups of several.
        let size = (events / senders / 20).clamp(1, 1000);
        // A batch has half as many events as it may have, and one more.
        let batches = (2 * events).div_ceil(senders * (size + 1));
        Batches { seed, senders, batches, size }
    }

    /// The random numbers of a batch.
    fn random(&self, sender: u64, batch: u64) -> Random {
        Random::new(Random::new(self.seed ^ (sender << 32 | batch)).next())
    }

    /// How many events a batch has that are not about others.
    fn count(&self, sender: u64, batch: u64) -> u64 {
        1 + self.random(sender, batch).below(self.size)
    }

    /// How many different events all batches have.
    pub(super) fn events(&self) -> u64 {
        let all = (0..self.senders).flat_map(|sender| (0..self.batches).map(move |batch| (sender, batch)));
        all.map(|(sender, batch)| self.texts(sender, batch).len() as u64).sum()
    }

    /// A batch as a request.
    pub(super) fn request(&self, sender: u64, batch: u64) -> Vec<u8> {
        let body = format!("[{}]", self.texts(sender, batch).join(","));
        post("/api/v1/events", "application/cloudevents-batch+json", body.as_bytes())
    }

    fn texts(&self, sender: u64, batch: u64) -> Vec<String> {
        let mut random = self.random(sender, batch);
        let mut texts: Vec<String> =
            (0..=random.below(self.size)).map(|place| event(sender, batch, place, &mut random)).collect();
        if batch > 0 && random.below(TAKING_BACK) == 0 {
            let earlier = random.below(batch);
            let place = random.below(self.count(sender, earlier));
            let target = format!("{{\"source\":\"nodes\",\"id\":\"{sender}-{earlier}-{place}\"}}");
            texts.push(text(&format!("{sender}-{batch}-void"), "usage.void", "nobody", 0, &target));
        }
        texts
    }
}

fn event(sender: u64, batch: u64, place: u64, random: &mut Random) -> String {
    let (id, subject) = (format!("{sender}-{batch}-{place}"), format!("s-{}", random.below(SUBJECTS)));
    let second = random.below(31 * 86_400);
    let (value, kind) = (1 + random.below(999_999), random.below(4));
    let value = format!("{}.{:03}", value / 1000, value % 1000);
    if random.below(METERED) == 0 {
        let data = format!("{{\"value\":{value},\"model\":\"m-{kind}\"}}");
        return text(&id, "usage", &subject, second, &data);
    }
    let data = format!("{{\"amount\":\"{value}\",\"service\":\"service {kind}\"}}");
    text(&id, "usage.charge", &subject, second, &data)
}

fn text(id: &str, kind: &str, subject: &str, second: u64, data: &str) -> String {
    let (day, hour, minute) = (1 + second / 86_400, second / 3600 % 24, second / 60 % 60);
    format!(
        "{{\"id\":\"{id}\",\"source\":\"nodes\",\"specversion\":\"1.0\",\"type\":\"{kind}\",\
         \"subject\":\"{subject}\",\"time\":\"{MONTH}-{day:02}T{hour:02}:{minute:02}:{:02}Z\",\"data\":{data}}}",
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_the_same_whoever_asks_and_about_as_many_events_as_wanted_come_out() {
        for wanted in [100, 5_000, 200_000] {
            let all = Batches::of(7, 4, wanted);
            assert_eq!(all.request(1, 3), all.request(1, 3));
            assert_ne!(all.request(1, 3), all.request(2, 3));
            let events = all.events();
            assert!(events > wanted / 2 && events < wanted * 2, "{events} of {wanted}");
        }
    }

    #[test]
    fn an_event_that_is_taken_back_was_sent_before() {
        let all = Batches::of(7, 1, 5_000);
        let mut sent = Vec::new();
        let mut taken_back = 0;
        for batch in 0..all.batches {
            let texts = all.texts(0, batch);
            for text in texts.iter().filter(|text| text.contains("usage.void")) {
                let (_, target) = text.rsplit_once("\"id\":").unwrap();
                let id = target.trim_matches(['"', '}']);
                assert!(
                    sent.iter().any(|earlier: &String| earlier.contains(&format!("\"id\":\"{id}\""))),
                    "{text}"
                );
                taken_back += 1;
            }
            sent.extend(texts);
        }
        assert!(taken_back > 3, "{taken_back}");
    }
}
