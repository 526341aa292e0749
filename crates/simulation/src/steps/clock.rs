//! Time passes.

use crate::draw::times::{DAY, HOUR};
use crate::world::{Outcome, World};

pub(crate) fn advance(world: &mut World<'_, '_>) -> Outcome {
    let nanos = match world.dice.below(5) {
        0..2 => world.dice.below(HOUR),
        2..4 => world.dice.below(2 * DAY),
        _ => world.dice.below(35 * DAY),
    };
    let now = world.pass(nanos);
    world.say(&format!("it is {now}"));
    Ok(())
}
