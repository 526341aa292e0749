//! Steps: what a client, an operator or fate may do next. One file about one thing; a new one is added
//! to [`STEPS`] with a weight.

pub(crate) mod ask;
mod bill;
mod clock;
mod crash;
mod customers;
mod group;
mod ingest;
mod list;
mod meters;
mod nodes;
mod noted;
mod post;
pub(crate) mod reopen;

use crate::world::{Outcome, World};

type Step = fn(&mut World<'_, '_>) -> Outcome;

/// All steps, by how often they are taken.
const STEPS: &[(u64, Step)] = &[
    (38, ingest::one),
    (7, group::several),
    (5, customers::create),
    (6, customers::update),
    (1, customers::delete),
    (12, bill::one),
    (6, post::one),
    (3, post::two),
    (6, list::pages),
    (4, meters::create),
    (3, meters::update),
    (1, meters::delete),
    (4, meters::beside_others),
    (12, ask::one),
    (1, reopen::verify),
    (1, reopen::rebuild),
    (2, reopen::close_and_open),
    (1, reopen::leave_and_open),
    (3, crash::between),
    (2, crash::within_catalog_commit),
    (6, clock::advance),
];

/// Those that only a store of several nodes knows, and how often one of them is taken, of a hundred steps.
const OF_NODES: &[(u64, Step)] = &[(3, nodes::race), (1, nodes::database_away)];
const NODES: u64 = 8;

/// Takes a step that is drawn.
pub(crate) fn any(world: &mut World<'_, '_>) -> Outcome {
    let of_nodes = world.site.is_shared() && world.dice.percent(NODES);
    world.dice.weighted(if of_nodes { OF_NODES } else { STEPS })(world)
}
