//! Requests with events: new ones, and in every way the same ones again.

use super::{METERED, SUBJECTS, data, times};
use crate::dice::Dice;
use crate::model::log::Log;
use crate::model::sent::{Data, Request, Sent};
use usage_domain::charge::CHARGE_TYPE;
use usage_domain::event::{AMEND_TYPE, MAX_NAME, UsageEvent, VOID_TYPE};
use usage_domain::time::Timestamp;
use usage_store::Handling;

/// Draws events, and remembers what to send again.
#[derive(Debug, Default)]
pub(crate) struct Sender {
    /// Events that were ever thought of.
    thought_of: u64,
    /// The last requests, answered or not.
    last: Vec<Request>,
}

/// A log of more events is not made larger by many at once: what it costs to read it whole is borne by
/// every step.
const LARGEST_LOG: u64 = 300;

/// Requests that are kept for sending them again.
const KEPT: usize = 4;

impl Sender {
    /// A request of few events, now and then of many.
    pub(crate) fn request(&mut self, dice: &mut Dice, log: &Log, received: Timestamp) -> Request {
        if !self.last.is_empty() && dice.percent(15) {
            // A client that has no answer, or did not hear it.
            let mut again = dice.pick(&self.last).clone();
            for sent in &mut again.events {
                renew(sent, dice, received);
            }
            again.received = received;
            return again;
        }
        let is_large = dice.percent(2) && log.count() < LARGEST_LOG;
        let count = if is_large { dice.between(60, 250) } else { dice.between(1, 6) };
        let mut events: Vec<Sent> = Vec::new();
        for _ in 0..count {
            let next = self.event(dice, log, &events, received);
            events.push(next);
        }
        let handling = if dice.percent(50) { Handling::Strict } else { Handling::Lenient };
        let noted = dice.percent(50);
        let request = Request { events, received, handling, noted };
        if self.last.len() == KEPT {
            self.last.remove(0);
        }
        self.last.push(request.clone());
        request
    }

    fn event(&mut self, dice: &mut Dice, log: &Log, batch: &[Sent], received: Timestamp) -> Sent {
        let known = (!log.events().is_empty()).then(|| dice.place(log.events().len()));
        let stored = known.map(|place| &log.events()[place].sent);
        let earlier = (!batch.is_empty()).then(|| dice.pick(batch));
        match (dice.below(100), stored, earlier) {
            (0..12, Some(stored), _) => again(stored, dice, received),
            (12..18, Some(stored), _) => changed(stored, dice, received),
            (18..22, _, Some(earlier)) => again(earlier, dice, received),
            (22..25, _, Some(earlier)) => changed(earlier, dice, received),
            (25..43, _, _) => self.correction(dice, log, batch, received),
            _ => self.fresh(dice, received),
        }
    }

    /// A correction, most often of something that can be corrected.
    fn correction(&mut self, dice: &mut Dice, log: &Log, batch: &[Sent], received: Timestamp) -> Sent {
        let mut sent = self.fresh(dice, received);
        let corrected: Vec<_> = log.events().iter().filter(|known| known.corrected).collect();
        let claim = match dice.below(20) {
            0 => ("api".to_string(), format!("nothing {}", dice.below(100))),
            // What comes later in the request, perhaps.
            1 => (sent.event.source.clone(), format!("e{}", self.thought_of + 1)),
            2..7 if !batch.is_empty() => dice.pick(batch).claim(),
            7..11 if !corrected.is_empty() => dice.pick(&corrected).sent.claim(),
            _ if !log.events().is_empty() => dice.pick(log.events()).sent.claim(),
            _ => sent.claim(),
        };
        let is_void = dice.percent(35);
        let is_metered = dice.percent(40);
        let data = match if is_metered { data::metered(dice) } else { data::draw(dice) } {
            Data::Absent => Data::Object([].into()),
            data => data,
        };
        // Now and then not what its type needs.
        let has_data = is_void == dice.percent(3);
        sent.event.event_type = if is_void { VOID_TYPE } else { AMEND_TYPE }.to_string();
        sent.data = Data::Correction(claim, has_data.then(|| Box::new(data)));
        sent.spell(dice);
        sent
    }

    fn fresh(&mut self, dice: &mut Dice, received: Timestamp) -> Sent {
        self.thought_of += 1;
        let number = self.thought_of;
        let id = match dice.below(8) {
            0 => format!("{:08x}-{:04x}-4000-8000-{:012x}", number, dice.below(1 << 16), dice.below(1 << 48)),
            1 => format!("é{number}"),
            2 => format!("{number:0width$}", width = dice.place(40) + 20),
            3 if dice.percent(10) => format!("{number:0MAX_NAME$}"),
            _ => format!("e{number}"),
        };
        let time_given = dice.percent(85);
        let event_type = if dice.percent(66) { CHARGE_TYPE } else { dice.pick::<&str>(&METERED) };
        // Now and then with what belongs to the others.
        let is_charge = (event_type == CHARGE_TYPE) == dice.percent(97);
        let event = UsageEvent {
            id,
            source: (*dice.pick(&["api", "api", "batch", "é"])).to_string(),
            event_type: event_type.to_string(),
            subject: (*dice.pick(&SUBJECTS)).to_string(),
            time: if time_given { times::of_event(dice, received) } else { received },
            time_given,
            data: None,
            extensions: dice.percent(10).then(|| "{\"region\":\"eu\"}".to_string()),
        };
        let data = match (dice.percent(2), is_charge) {
            (true, _) => data::broken(dice),
            (_, true) => data::draw(dice),
            (_, false) => data::metered(dice),
        };
        let mut sent = Sent { event, data };
        sent.spell(dice);
        sent
    }
}

/// The same event once more, perhaps in other words.
fn again(sent: &Sent, dice: &mut Dice, received: Timestamp) -> Sent {
    let mut sent = sent.clone();
    renew(&mut sent, dice, received);
    sent
}

fn renew(sent: &mut Sent, dice: &mut Dice, received: Timestamp) {
    if dice.percent(50) {
        sent.spell(dice);
    }
    if !sent.event.time_given {
        sent.event.time = received;
    }
}

/// Another event of the same name.
fn changed(sent: &Sent, dice: &mut Dice, received: Timestamp) -> Sent {
    let mut sent = again(sent, dice, received);
    let event = &mut sent.event;
    match dice.below(6) {
        0 => event.subject = if event.subject == "b" { "acme" } else { "b" }.to_string(),
        1 => event.event_type = if event.event_type == "x" { "y" } else { "x" }.to_string(),
        2 => {
            event.time = times::shifted(event.time, if event.time == Timestamp::MIN { 1 } else { -1 });
            event.time_given = true;
        }
        3 => {
            event.time_given = !event.time_given;
            event.time = if event.time_given { event.time } else { received };
        }
        4 => event.extensions = Some("{\"region\":\"elsewhere\"}".to_string()),
        _ => sent.data = data::other(dice, &sent.data),
    }
    sent.spell(dice);
    sent
}
