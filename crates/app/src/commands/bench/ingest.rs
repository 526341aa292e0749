//! The load itself: events over several connections, each with a sender of its own.

use super::drive::{Driven, Load, Sender, Timing, drive};
use super::events::{Maker, Plan, Sum};
use super::http::{Envelope, Target};
use super::stop::Stop;
use crate::failure::Failure;

/// How much is sent, and how.
#[derive(Clone, Copy)]
pub(super) struct Amount {
    pub(super) events: u64,
    pub(super) batch: u64,
    pub(super) connections: u64,
}

/// What was sent.
pub(super) struct Sent {
    /// Events, repeats among them.
    pub(super) events: u64,
    pub(super) repeats: u64,
    /// What each kind of events adds up to.
    pub(super) sums: Vec<Sum>,
    /// Bytes of all bodies.
    pub(super) bytes: u64,
    pub(super) timing: Timing,
    pub(super) refused: u64,
    pub(super) processor: Option<f64>,
}

/// Sends events; each answer must be 204.
pub(super) fn run(target: &Target, stop: &Stop, plan: &Plan, amount: Amount) -> Result<Sent, Failure> {
    let media_type = match amount.batch {
        1 => "application/cloudevents+json",
        _ => "application/cloudevents-batch+json",
    };
    let senders = amount.shares().into_iter().zip(0..).map(|(events, number)| EventSender {
        maker: plan.maker(number),
        envelope: Envelope::new(target, "/api/v1/events", media_type),
        left: events,
        batch: amount.batch,
        bytes: 0,
    });
    let requests = amount.requests();
    let load = Load { target, stop, expected: &[204], what: "sending requests of events", requests };
    let Driven { senders, timing, refused, processor } = drive(&load, senders.collect())?;
    let mut sums = vec![Sum::default(); plan.kinds()];
    for sender in &senders {
        sums.iter_mut().zip(sender.maker.sums()).for_each(|(sum, own)| *sum += *own);
    }
    Ok(Sent {
        events: amount.events,
        repeats: senders.iter().map(|sender| sender.maker.repeats()).sum(),
        sums,
        bytes: senders.iter().map(|sender| sender.bytes).sum(),
        timing,
        refused,
        processor,
    })
}

impl Amount {
    fn requests(self) -> u64 {
        self.events.div_ceil(self.batch)
    }

    /// How many events each connection sends: whole batches, but for the last one of the first.
    fn shares(self) -> Vec<u64> {
        let requests = self.requests();
        let surplus = requests * self.batch - self.events;
        let share = |number| requests / self.connections + u64::from(number < requests % self.connections);
        let events = (0..self.connections).map(|number| share(number) * self.batch);
        events.zip(0..).map(|(events, number)| if number == 0 { events - surplus } else { events }).collect()
    }
}

struct EventSender<'a> {
    maker: Maker<'a>,
    envelope: Envelope,
    left: u64,
    batch: u64,
    bytes: u64,
}

impl Sender for EventSender<'_> {
    fn next(&mut self, now: u64) -> Option<&[u8]> {
        let events = self.left.min(self.batch);
        if events == 0 {
            return None;
        }
        self.left -= events;
        let body = self.envelope.body();
        let head = body.len();
        self.maker.add(body, events, now);
        self.bytes += (body.len() - head) as u64;
        Some(self.envelope.sealed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_share_the_events_evenly_and_none_is_lost() {
        for (events, batch, connections) in
            [(2000, 1000, 8), (1, 1000, 8), (2_000_001, 1000, 8), (17, 1, 4), (10_999, 100, 3), (5, 10, 1)]
        {
            let amount = Amount { events, batch, connections };
            let shares = amount.shares();
            assert_eq!((shares.iter().sum::<u64>(), shares.len() as u64), (events, connections));
            let (most, least) = (shares.iter().max().unwrap(), shares.iter().min().unwrap());
            assert!(
                most - least <= 2 * batch,
                "{amount:?}: {shares:?}",
                amount = (events, batch, connections)
            );
        }
    }
}
