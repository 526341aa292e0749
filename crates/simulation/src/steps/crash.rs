//! The process dies between two steps, and within a commit of the catalog. (Within the other steps it
//! dies as trouble is planned.)

use super::{customers, meters, post};
use crate::world::{Outcome, World};

/// Dies while nothing is under way.
pub(crate) fn between(world: &mut World<'_, '_>) -> Outcome {
    if world.site.hits().crashed {
        return Ok(());
    }
    world.crash()?;
    // Another process may die soon after.
    if world.dice.percent(20) { world.crash() } else { Ok(()) }
}

/// Dies within the commit of a customer, a meter or a posting: that is there whole or not at all.
pub(crate) fn within_catalog_commit(world: &mut World<'_, '_>) -> Outcome {
    let before = world.model.catalog.clone();
    match world.dice.below(7) {
        0 => customers::create(world)?,
        1 | 2 => customers::update(world)?,
        3 => meters::create(world)?,
        4 => meters::update(world)?,
        5 => meters::delete(world)?,
        _ => post::one(world)?,
    }
    if world.site.hits().crashed || !world.site.crash_within_catalog_commit(&mut world.dice) {
        return Ok(());
    }
    world.say("(it had no answer)");
    let after = std::mem::replace(&mut world.model.catalog, before);
    world.unanswered = Some(after);
    Ok(())
}
