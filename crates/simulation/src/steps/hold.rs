//! A checkpoint that takes long: it is held before one of its files while other work goes on.

use super::ingest;
use crate::site::Moment;
use crate::world::{Outcome, World};

/// From now on a checkpoint is held as soon as one is written.
pub(crate) fn checkpoint(world: &mut World<'_, '_>) -> Outcome {
    if !world.holding {
        world.say("the next checkpoint is held");
        world.site.hold(Moment::Checkpoint);
        world.holding = true;
    }
    ingest::one(world)
}

/// It goes on.
pub(crate) fn let_go(world: &mut World<'_, '_>) -> Outcome {
    if world.site.poll_held(None) {
        world.stats.held += 1;
        world.say("the checkpoint goes on");
    }
    world.let_go()
}
