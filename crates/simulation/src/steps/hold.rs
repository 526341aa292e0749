//! A checkpoint that takes long: it is kept waiting before one of its files while other work goes on.

use super::ingest;
use crate::world::{Outcome, World};

/// From now on checkpoints wait.
pub(crate) fn checkpoint(world: &mut World<'_, '_>) -> Outcome {
    if !world.keeping {
        world.say("the next checkpoint is held");
        world.keeping = true;
    }
    ingest::one(world)
}

/// It goes on.
pub(crate) fn let_go(world: &mut World<'_, '_>) -> Outcome {
    if world.site.is_kept() {
        world.stats.held += 1;
        world.say("the checkpoint goes on");
    }
    world.let_go()
}
