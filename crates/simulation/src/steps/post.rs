//! Posting a customer's month, alone and twice at the same time.

use super::customers;
use crate::draw::times;
use crate::model::log::same;
use crate::model::posting;
use crate::site::{Moment, answered_or_held, begin};
use crate::world::{Outcome, World};
use usage_domain::customer::{Customer, CustomerRef};
use usage_domain::posting::PostOutcome;
use usage_domain::time::{Month, Timestamp};
use usage_engine::EngineError;

type Answer = Result<PostOutcome, EngineError>;

/// Posts a month, most often that of now.
pub(crate) fn one(world: &mut World<'_, '_>) -> Outcome {
    let Some(customer) = customers::some(world) else { return Ok(()) };
    let now = world.tick();
    let engine = world.engine()?;
    if world.dice.percent(50) {
        let answer = world.wait(engine.post(&CustomerRef::Id(customer.id), now));
        let answer = answer.map(|posted| posted.outcome);
        return account(world, &customer, now.month(&customer.zone), now, answer);
    }
    let month = times::near(&mut world.dice, now, &customer.zone);
    let answer = world.wait(engine.post_month(&customer, month, now));
    account(world, &customer, month, now, answer)
}

/// Posts the same month twice at the same time: the second comes while the first is committed.
pub(crate) fn two(world: &mut World<'_, '_>) -> Outcome {
    let Some(customer) = customers::some(world) else { return Ok(()) };
    let (now, later) = (world.tick(), world.tick());
    let month = times::near(&mut world.dice, now, &customer.zone);
    let engine = world.engine()?;
    world.site.hold(Moment::Catalog);
    let mut first = Box::pin(engine.post_month(&customer, month, now));
    if let Some(answer) = world.wait(answered_or_held(&*world.site, &mut first)) {
        world.site.release();
        return account(world, &customer, month, now, answer);
    }
    world.say("two post at the same time");
    let (first, second) = world.wait(async {
        let mut second = Box::pin(engine.post_month(&customer, month, later));
        let at_once = begin(&mut second).await;
        world.site.release();
        let first = first.await;
        let second = match at_once {
            Some(answer) => answer,
            None => second.await,
        };
        (first, second)
    });
    if let (true, Err(EngineError::Store(error)), Ok(outcome)) = (world.site.is_shared(), &first, &second)
        && world.is_catalog_excused(error)
    {
        // What became of the first shows in the answer of the second.
        let alone = world.model.clone().post(&customer, month, later);
        if posting::Outcome::of(outcome) != alone {
            world.say("the first had no answer, and is there");
            world.model.post(&customer, month, now);
        }
        return account(world, &customer, month, later, second);
    }
    account(world, &customer, month, now, first)?;
    account(world, &customer, month, later, second)
}

/// Compares what posting led to.
fn account(
    world: &mut World<'_, '_>,
    customer: &Customer,
    month: Month,
    now: Timestamp,
    answer: Answer,
) -> Outcome {
    world.stats.posts += 1;
    let outcome = match answer {
        Ok(outcome) => posting::Outcome::of(&outcome),
        Err(EngineError::Store(error)) if world.is_catalog_excused(&error) => {
            world.say(&format!("customer {} posts {month}: refused by the disk", customer.number));
            let before = world.model.catalog.clone();
            world.model.post(customer, month, now);
            let changed = std::mem::replace(&mut world.model.catalog, before);
            return world.may_have_changed(changed);
        }
        Err(error) => return Err(format!("posting failed: {error}")),
    };
    let words = match &outcome {
        posting::Outcome::Posted(_) => "posted",
        posting::Outcome::NothingNew(_) => "nothing new",
        posting::Outcome::NoUsage => "no usage",
    };
    world.say(&format!("customer {} posts {month}: {words}", customer.number));
    let should = world.model.post(customer, month, now);
    same("what posting led to", &outcome, &should)
}
