//! A request with events, and what follows from its answer.

use super::noted;
use crate::check::{self, failed};
use crate::model::log::{Word, same};
use crate::model::sent::{Data, Request};
use crate::world::{Outcome, World};
use usage_domain::event::{AMEND_TYPE, VOID_TYPE};
use usage_domain::time::{Period, Timestamp};
use usage_domain::verdict::Verdict;
use usage_engine::{Engine, EngineError};
use usage_store::EventFilter;

/// What a request was answered.
pub(crate) type Answer = Result<Vec<Verdict>, EngineError>;

/// Sends a request, in one of the ways in which that is done.
pub(crate) async fn send(engine: &Engine, request: &Request) -> Answer {
    let Request { received, handling, .. } = *request;
    // Who notes members refuses what is no JSON by itself.
    let is_read = request.noted && !request.events.iter().any(|sent| matches!(sent.data, Data::Broken(_)));
    if is_read {
        return engine.ingest_batch(noted::batch(&request.events), received, handling).await;
    }
    let events = request.events.iter().map(|sent| sent.event.clone()).collect();
    engine.ingest(events, received, handling).await
}

/// Sends a request.
pub(crate) fn one(world: &mut World<'_, '_>) -> Outcome {
    let request = draw(world);
    let engine = world.engine()?;
    let answer = world.wait(send(&engine, &request));
    let received = request.received;
    account(world, vec![(request, answer)])?;
    seen(world, received)
}

/// A request of now.
pub(crate) fn draw(world: &mut World<'_, '_>) -> Request {
    let received = world.tick();
    world.sender.request(&mut world.dice, &world.model.log, received)
}

/// Compares the answers of requests that were committed together, in their order, and takes what
/// they acknowledge. What was refused together may survive a crash together.
pub(crate) fn account(world: &mut World<'_, '_>, group: Vec<(Request, Answer)>) -> Outcome {
    // What the store does after its answers is part of the step.
    world.settle()?;
    let (mut answered, mut refused) = (Vec::new(), Vec::new());
    for (request, answer) in group {
        world.stats.sent += request.events.len() as u64;
        world.stats.noted += u64::from(request.noted);
        match answer {
            // It was committed with nobody.
            Ok(verdicts) if request.rows() == 0 => accept(world, vec![(request, verdicts)])?,
            Ok(verdicts) => answered.push((request, verdicts)),
            Err(EngineError::Store(error)) if world.is_commit_excused(&error) => {
                world.say(&format!("ingest: {} was refused", words(&request)));
                world.stats.refused += 1;
                refused.push(request);
            }
            Err(error) => return Err(format!("ingest of {} failed: {error}", words(&request))),
        }
    }
    if !answered.is_empty() && !refused.is_empty() {
        return Err("requests that were committed together had different answers".to_string());
    }
    if world.site.hits().may_survive() {
        let (_, new) = world.model.log.judge(&refused);
        world.model.log.may_survive(new);
    }
    if world.site.is_shared() && !world.site.hits().crashed {
        check::unanswered(world)?;
    }
    accept(world, answered)
}

pub(crate) fn accept(world: &mut World<'_, '_>, answered: Vec<(Request, Vec<Verdict>)>) -> Outcome {
    let (requests, verdicts): (Vec<_>, Vec<_>) = answered.into_iter().unzip();
    let (should, new) = world.model.log.judge(&requests);
    for ((request, verdicts), should) in requests.iter().zip(verdicts).zip(should) {
        let word = |(verdict, should): (&Verdict, &Word)| match (should, verdict) {
            (Word::Withheld, Verdict::Accepted | Verdict::Duplicate | Verdict::Conflict) => Word::Withheld,
            _ => world.stats.count(verdict),
        };
        same("the number of verdicts", &verdicts.len(), &should.len())?;
        let is: Vec<Word> = verdicts.iter().zip(&should).map(word).collect();
        world.say(&format!("ingest: {}: {}", words(request), shown(&is)));
        same("the verdicts", &is, &should)?;
    }
    world.stats.voids += new.iter().filter(|known| known.sent.event.event_type == VOID_TYPE).count() as u64;
    world.stats.amendments +=
        new.iter().filter(|known| known.sent.event.event_type == AMEND_TYPE).count() as u64;
    world.model.log.accept(new);
    Ok(())
}

/// What arrived at this moment is listed, if it was acknowledged.
pub(crate) fn seen(world: &mut World<'_, '_>, received: Timestamp) -> Outcome {
    // Nobody is there to ask; and everything is compared now and then anyway.
    if world.site.hits().crashed || world.dice.percent(60) {
        return Ok(());
    }
    let end = Timestamp::from_nanos(received.nanos() + 1).unwrap_or(Timestamp::MAX);
    let ingested = Period { start: received, end };
    let listed = check::list(world, EventFilter { ingested, ..EventFilter::newest(usize::MAX) })?;
    world.model.log.learn(&listed)?;
    let should = world.model.log.events().iter().filter(|known| known.received == received).count();
    same("the number of events of a request", &listed.len(), &should)?;
    let position = world.engine()?;
    let position = world.wait(position.position()).map_err(failed("asking for the position"))?;
    same("the position after a request", &position.events(), &world.model.log.count())
}

impl crate::Stats {
    fn count(&mut self, verdict: &Verdict) -> Word {
        let (count, word) = match verdict {
            Verdict::Accepted => (&mut self.accepted, Word::Accepted),
            Verdict::Duplicate => (&mut self.duplicates, Word::Duplicate),
            Verdict::Conflict => (&mut self.conflicts, Word::Conflict),
            Verdict::Rejected(_) => (&mut self.rejected, Word::Rejected),
        };
        *count += 1;
        word
    }
}

/// The events of a request, the first few of them.
pub(crate) fn words(request: &Request) -> String {
    let some: Vec<String> = request
        .events
        .iter()
        .take(6)
        .map(|sent| match sent.corrects() {
            Some(((_, id), data)) => {
                let what = if data.is_some() { "amends" } else { "voids" };
                format!("{:.20} {what} {id:.20}", sent.event.id)
            }
            None => format!("{:.20} of {} at {}", sent.event.id, sent.event.subject, sent.event.time),
        })
        .collect();
    let more = request.events.len() - some.len();
    if more == 0 {
        format!("[{}]", some.join(", "))
    } else {
        format!("[{} and {more} more]", some.join(", "))
    }
}

fn shown(words: &[Word]) -> String {
    let count = |word| words.iter().filter(|other| **other == word).count();
    format!(
        "{} accepted, {} duplicate, {} conflict, {} rejected",
        count(Word::Accepted),
        count(Word::Duplicate),
        count(Word::Conflict),
        count(Word::Rejected)
    )
}
