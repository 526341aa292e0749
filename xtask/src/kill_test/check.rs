//! What the service remembers, by its bills and by its listing.

use super::SUBJECTS;
use super::round::{Batch, Round, prefix};
use crate::Result;
use crate::load::http::{Connection, get};
use serde_json::Value;
use std::collections::HashSet;
use std::net::SocketAddr;

/// What a service says of all events and of those of one round.
pub(crate) struct Remembered {
    /// Events on all bills together.
    billed: u64,
    /// The ids of the round's listed events, in their order.
    listed: Vec<String>,
}

impl Remembered {
    pub(crate) fn ask(address: SocketAddr, round: u32) -> Result<Remembered> {
        let mut connection = Connection::open(address)?;
        let mut billed = 0;
        for subject in 0..SUBJECTS {
            billed += billed_events(&mut connection, subject)?;
        }
        // Later rounds are later in time: the newest events are this round's, then come older ones.
        let prefix = prefix(round);
        let mut listed = Vec::new();
        for_each_page(&mut connection, |ids| {
            let all = ids.len();
            let own = ids.into_iter().take_while(|id| id.starts_with(&prefix));
            let before = listed.len();
            listed.extend(own);
            listed.len() - before == all
        })?;
        Ok(Remembered { billed, listed })
    }

    /// Every acknowledged event is there, nothing is that was not sent, and nothing twice.
    pub(crate) fn between(&self, earlier: u64, round: &Round) -> Result<()> {
        let (least, most) = (earlier + round.acknowledged(), earlier + round.sent());
        if !(least..=most).contains(&self.billed) {
            return Err(format!(
                "{} events are billed, of {least} acknowledged and {most} sent",
                self.billed
            )
            .into());
        }
        let listed = self.listed_once()?;
        if self.billed - earlier != listed.len() as u64 {
            return Err(format!(
                "{} events of the round are billed, {} listed",
                self.billed - earlier,
                listed.len()
            )
            .into());
        }
        if let Some(lost) = ids(&round.acknowledged).find(|id| !listed.contains(id)) {
            return Err(format!("event {lost} was acknowledged and is not listed").into());
        }
        let sent: HashSet<&str> = ids(&round.acknowledged).chain(ids(&round.pending)).collect();
        match listed.difference(&sent).next() {
            Some(strange) => Err(format!("event {strange} is listed and was never sent").into()),
            None => Ok(()),
        }
    }

    /// Everything that was sent is there, once.
    pub(crate) fn exactly(&self, events: u64, round: &Round) -> Result<()> {
        if self.billed != events {
            return Err(format!("{} events are billed, of {events} sent", self.billed).into());
        }
        let listed = self.listed_once()?;
        let mut sent = ids(&round.acknowledged).chain(ids(&round.pending));
        match sent.find(|id| !listed.contains(id)) {
            Some(lost) => Err(format!("event {lost} is not listed").into()),
            None if listed.len() as u64 != round.sent() => {
                Err(format!("{} events of the round are listed, of {} sent", listed.len(), round.sent())
                    .into())
            }
            None => Ok(()),
        }
    }

    fn listed_once(&self) -> Result<HashSet<&str>> {
        let mut once = HashSet::new();
        match self.listed.iter().find(|id| !once.insert(id.as_str())) {
            Some(twice) => Err(format!("event {twice} is listed twice").into()),
            None => Ok(once),
        }
    }
}

/// Every event of the campaign is listed once.
pub(crate) fn listing_is_complete(address: SocketAddr, events: u64) -> Result<()> {
    let mut connection = Connection::open(address)?;
    let (mut listed, mut once) = (0, HashSet::new());
    for_each_page(&mut connection, |ids| {
        listed += ids.len() as u64;
        once.extend(ids);
        true
    })?;
    if (listed, once.len() as u64) != (events, events) {
        return Err(
            format!("{listed} events are listed, {} different ones, of {events} sent", once.len()).into()
        );
    }
    Ok(())
}

fn ids(batches: &[Batch]) -> impl Iterator<Item = &str> {
    batches.iter().flat_map(|batch| &batch.ids).map(String::as_str)
}

/// A customer's events on its bill, which all cost 1.
fn billed_events(connection: &mut Connection, subject: u64) -> Result<u64> {
    let bill = ask(connection, &format!("/api/v1/customers/key:s-{subject}/bill?month=2026-01"))?;
    let lines = bill["lines"].as_array().ok_or("a bill without lines")?;
    let events: u64 = lines.iter().filter_map(|line| line["events"].as_u64()).sum();
    if bill["exact_total"].as_str() != Some(&events.to_string()) {
        return Err(format!(
            "{events} events of 1 each add up to {} on s-{subject}'s bill",
            bill["exact_total"]
        )
        .into());
    }
    Ok(events)
}

/// Gives the ids of all events, newest first, page by page, while `more` is wanted.
fn for_each_page(connection: &mut Connection, mut more: impl FnMut(Vec<String>) -> bool) -> Result<()> {
    let mut path = "/api/v2/events?limit=100".to_string();
    loop {
        let page = ask(connection, &path)?;
        let items = page["items"].as_array().ok_or("a page without items")?;
        let ids = items.iter().filter_map(|item| item["event"]["id"].as_str()).map(str::to_string).collect();
        if !more(ids) {
            return Ok(());
        }
        match page["nextCursor"].as_str() {
            Some(cursor) => path = format!("/api/v2/events?limit=100&cursor={cursor}"),
            None => return Ok(()),
        }
    }
}

fn ask(connection: &mut Connection, path: &str) -> Result<Value> {
    let answer = connection.ask(&get(path))?.expect(200)?;
    Ok(serde_json::from_slice(&answer.body)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(billed: u64, listed: &[&str]) -> String {
        told(|remembered, round| remembered.between(10, round), billed, listed)
    }

    fn exactly(billed: u64, listed: &[&str]) -> String {
        told(|remembered, round| remembered.exactly(14, round), billed, listed)
    }

    /// What a check says of a round in which a, b and c were acknowledged, and d was not, after 10
    /// events of earlier ones.
    fn told(check: impl Fn(&Remembered, &Round) -> Result<()>, billed: u64, listed: &[&str]) -> String {
        let round = Round {
            number: 1,
            acknowledged: vec![Batch::of(&["a", "b"]), Batch::of(&["c"])],
            pending: vec![Batch::of(&["d"])],
        };
        let remembered = Remembered { billed, listed: listed.iter().map(ToString::to_string).collect() };
        check(&remembered, &round).err().map_or("all is well".to_string(), |failure| failure.to_string())
    }

    #[test]
    fn after_a_kill_the_unanswered_may_be_missing_and_nothing_else() {
        assert_eq!(between(13, &["c", "b", "a"]), "all is well");
        assert_eq!(between(14, &["d", "c", "b", "a"]), "all is well");
        assert_eq!(between(12, &["b", "a"]), "12 events are billed, of 13 acknowledged and 14 sent");
        assert_eq!(
            between(15, &["d", "c", "b", "a"]),
            "15 events are billed, of 13 acknowledged and 14 sent"
        );
        assert_eq!(between(13, &["d", "b", "a"]), "event c was acknowledged and is not listed");
        assert_eq!(between(14, &["x", "c", "b", "a"]), "event x is listed and was never sent");
        assert_eq!(between(14, &["c", "c", "b", "a"]), "event c is listed twice");
        assert_eq!(between(14, &["c", "b", "a"]), "4 events of the round are billed, 3 listed");
    }

    #[test]
    fn after_resending_everything_is_there_once() {
        assert_eq!(exactly(14, &["d", "c", "b", "a"]), "all is well");
        assert_eq!(exactly(15, &["d", "c", "b", "a"]), "15 events are billed, of 14 sent");
        assert_eq!(exactly(14, &["c", "b", "a"]), "event d is not listed");
        assert_eq!(exactly(14, &["x", "d", "c", "b", "a"]), "5 events of the round are listed, of 4 sent");
        assert_eq!(exactly(14, &["d", "d", "c", "b", "a"]), "event d is listed twice");
    }
}
