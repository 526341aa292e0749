//! Looking after the store: verifying, making projections anew, closing and opening.

use crate::check;
use crate::model::log::same;
use crate::world::{Outcome, World, is_refusal};
use usage_store::StoreError;

pub(crate) fn verify(world: &mut World<'_, '_>) -> Outcome {
    world.say("verify");
    check::verify(world)
}

pub(crate) fn rebuild(world: &mut World<'_, '_>) -> Outcome {
    rebuild_alone(world)?;
    if world.site.hits().crashed { Ok(()) } else { check::everything(world) }
}

/// The same, without looking at everything.
pub(crate) fn rebuild_alone(world: &mut World<'_, '_>) -> Outcome {
    let engine = world.engine()?;
    match world.wait(engine.rebuild()) {
        Ok(report) => {
            world.say("rebuild");
            let count = world.model.log.count();
            same("the count of a rebuild", &(report.events, report.position.events()), &(count, count))?;
        }
        Err(error) if is_checkpoint_excused(world, &error) => world.say("rebuild: its checkpoint failed"),
        Err(error) => return Err(format!("rebuild failed: {error}")),
    }
    Ok(())
}

/// Closes in peace, and opens.
pub(crate) fn close_and_open(world: &mut World<'_, '_>) -> Outcome {
    let engine = world.engine()?;
    match world.wait(engine.close()) {
        Ok(()) => world.say("closed, and opened"),
        Err(error) if is_checkpoint_excused(world, &error) => {
            world.say("closed without a last checkpoint, and opened");
        }
        Err(error) => return Err(format!("closing failed: {error}")),
    }
    drop(engine);
    open(world)
}

/// Is gone without closing, and opens.
pub(crate) fn leave_and_open(world: &mut World<'_, '_>) -> Outcome {
    world.say("left without closing, and opened");
    open(world)
}

fn open(world: &mut World<'_, '_>) -> Outcome {
    world.leave();
    if world.site.hits().crashed {
        // What died on the way out is opened by who clears up.
        return Ok(());
    }
    world.stats.reopened += 1;
    world.open()
}

fn is_checkpoint_excused(world: &World<'_, '_>, error: &StoreError) -> bool {
    let hits = world.site.hits();
    is_refusal(error) && (hits.checkpoints > 0 || hits.lost > 0 || hits.crashed)
}
