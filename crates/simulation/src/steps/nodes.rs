//! What only a store of several nodes knows: the same request to two of them at the same time, and a database
//! that does not answer any of them for a while.

use super::ingest::{self, Answer, account, send, words};
use crate::check;
use crate::model::log::{Word, same};
use crate::model::sent::Request;
use crate::world::{Outcome, World, is_refusal};
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use usage_domain::verdict::Verdict;
use usage_engine::{Engine, EngineError};

/// Sends the same request to two nodes at the same time: each of its events is new to one of them at most.
pub(crate) fn race(world: &mut World<'_, '_>) -> Outcome {
    let request = ingest::draw(world);
    let engines: Vec<Engine> = world.stores().iter().map(|store| Engine::new(store.clone())).collect();
    let [one, other] = &engines[..] else { return Ok(()) };
    let (one, other) = world.wait(both(send(one, &request), send(other, &request)));
    world.settle()?;
    world.stats.raced += 1;
    world.stats.sent += 2 * request.events.len() as u64;
    world.say(&format!("two nodes are sent {}", words(&request)));
    let (mut answered, mut refused) = (Vec::new(), 0);
    for answer in [one, other] {
        match answer {
            Ok(verdicts) => answered.push(verdicts),
            Err(EngineError::Store(error)) if world.is_commit_excused(&error) => refused += 1,
            Err(error) => return Err(format!("ingest of {} failed: {error}", words(&request))),
        }
    }
    world.stats.refused += refused;
    compare(world, request, answered)
}

/// Compares what two nodes answered, one of which was first, or the one that answered.
fn compare(world: &mut World<'_, '_>, request: Request, answered: Vec<Vec<Verdict>>) -> Outcome {
    let (mut should, new) = world.model.log.judge(&[request.clone(), request.clone()]);
    if answered.is_empty() && request.rows() > 0 {
        // One of them may have stored it, and never told.
        world.model.log.may_survive(new);
        return if world.site.hits().crashed { Ok(()) } else { check::unanswered(world) };
    }
    for verdicts in &answered {
        let is = told(verdicts);
        let place = should.iter().position(|should| same_words(&is, should));
        let Some(place) = place else {
            return Err(format!("a node answers {is:?}, and of {should:?} one is to be its answer"));
        };
        if answered.len() == 2 {
            should.remove(place);
        }
    }
    world.model.log.accept(new);
    Ok(())
}

fn same_words(is: &[Word], should: &[Word]) -> bool {
    let agree =
        |(is, should): (&Word, &Word)| is == should || (*should == Word::Withheld && *is != Word::Rejected);
    is.len() == should.len() && is.iter().zip(should).all(agree)
}

fn told(verdicts: &[Verdict]) -> Vec<Word> {
    let word = |verdict: &Verdict| match verdict {
        Verdict::Accepted => Word::Accepted,
        Verdict::Duplicate => Word::Duplicate,
        Verdict::Conflict => Word::Conflict,
        Verdict::Rejected(_) => Word::Rejected,
    };
    verdicts.iter().map(word).collect()
}

/// Waits for two answers.
async fn both(one: impl Future<Output = Answer>, other: impl Future<Output = Answer>) -> (Answer, Answer) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let (mut first, mut second) = (None, None);
    poll_fn(|context| {
        if first.is_none()
            && let Poll::Ready(answer) = one.as_mut().poll(context)
        {
            first = Some(answer);
        }
        if second.is_none()
            && let Poll::Ready(answer) = other.as_mut().poll(context)
        {
            second = Some(answer);
        }
        if first.is_some() && second.is_some() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    let none = || Err(EngineError::Store(usage_store::StoreError::Closed));
    (first.unwrap_or_else(none), second.unwrap_or_else(none))
}

/// The database does not answer: requests and questions are refused, and nothing of them is there; then it does.
pub(crate) fn database_away(world: &mut World<'_, '_>) -> Outcome {
    if !world.site.is_away(true) {
        return Ok(());
    }
    world.stats.away += 1;
    world.say("the database does not answer");
    for _ in 0..world.dice.between(1, 3) {
        let request = ingest::draw(world);
        let engine = world.engine()?;
        match world.wait(send(&engine, &request)) {
            // There was nothing to ask.
            Ok(verdicts) if request.rows() == 0 => ingest::accept(world, vec![(request, verdicts)])?,
            Err(EngineError::Store(error)) if is_refusal(&error) => {
                world.say(&format!("ingest: {} was refused", words(&request)));
                world.stats.refused += 1;
            }
            answer => return Err(format!("without a database, {} was answered {answer:?}", words(&request))),
        }
        match world.wait(engine.position()) {
            Err(error) if is_refusal(&error) => {}
            answer => return Err(format!("without a database, the position is {answer:?}")),
        }
    }
    world.site.is_away(false);
    world.say("the database answers again");
    world.settle()?;
    for _ in 0..2 {
        let engine = world.engine()?;
        let position = world.wait(engine.position()).map_err(check::failed("asking for the position"))?;
        same("the position", &position.events(), &world.model.log.count())?;
    }
    let request = ingest::draw(world);
    let engine = world.engine()?;
    let answer = world.wait(send(&engine, &request));
    account(world, vec![(request, answer)])
}
