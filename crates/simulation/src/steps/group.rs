//! Requests at the same time: while one is written, others come, and are committed as one group.

use super::ingest::{self, account};
use crate::model::log::same;
use crate::model::sent::Request;
use crate::site::{Moment, answered_or_held, begin};
use crate::world::{Outcome, World};
use usage_engine::EngineError;
use usage_store::StoreError;

/// Sends a request, and others while it is written.
pub(crate) fn several(world: &mut World<'_, '_>) -> Outcome {
    let first = ingest::draw(world);
    let others: Vec<Request> = (0..world.dice.between(1, 4)).map(|_| ingest::draw(world)).collect();
    let arrivals: Vec<_> = [&first].into_iter().chain(&others).map(|request| request.received).collect();
    together(world, first, others)?;
    arrivals.into_iter().try_for_each(|received| ingest::seen(world, received))
}

fn together(world: &mut World<'_, '_>, first: Request, others: Vec<Request>) -> Outcome {
    let engine = world.engine()?;
    world.site.hold(Moment::Commit);
    let sent = first.clone();
    let mut sending = Box::pin(ingest::send(&engine, &sent));
    if let Some(answer) = world.wait(answered_or_held(&*world.site, &mut sending)) {
        // There was nothing to write, or it failed before.
        world.site.release();
        account(world, vec![(first, answer)])?;
        for request in others {
            let answer = world.wait(ingest::send(&engine, &request));
            account(world, vec![(request, answer)])?;
        }
        return Ok(());
    }
    world.stats.groups += 1;
    world.say(&format!("while a request is written, {} more come", others.len()));
    let (answer, answers) = world.wait(async {
        let mut waiting = Vec::new();
        for request in &others {
            let mut sending = Box::pin(ingest::send(&engine, request));
            let at_once = begin(&mut sending).await;
            waiting.push((sending, at_once));
        }
        world.site.release();
        let first = sending.await;
        let mut answers = Vec::new();
        for (sending, at_once) in waiting {
            answers.push(match at_once {
                Some(answer) => answer,
                None => sending.await,
            });
        }
        (first, answers)
    });
    account(world, vec![(first, answer)])?;
    let mut group = Vec::new();
    let mut waiting = 0;
    for (request, answer) in others.into_iter().zip(answers) {
        let rows = request.rows();
        let should_wait = rows == 0 || waiting == 0 || waiting + rows <= world.site.most_waiting();
        let is_refused = matches!(answer, Err(EngineError::Store(StoreError::Overloaded)));
        same("whether a request may wait", &!is_refused, &should_wait)?;
        if is_refused {
            world.stats.overloaded += 1;
        } else {
            waiting += rows;
            group.push((request, answer));
        }
    }
    account(world, group)
}
