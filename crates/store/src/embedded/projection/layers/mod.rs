//! The cells of meters in layers: the latest in memory, all others in sorted files.
//!
//! New usage goes into a *front* in memory ([`front`]), in a few steps however many cells there are. At a
//! checkpoint the front is frozen as it is, another goes on, and a thread writes the frozen one as a *run*
//! ([`run`]): a file of cells in the order of subject, slot and group. From then on these cells are read from
//! the file. Runs of similar size become one ([`chain`]), as streams. A cell may be in several layers: what it
//! adds up to is the sum over all of them. Nothing here grows with the number of cells but one fence for each
//! block of a file.

mod block;
mod chain;
mod day;
mod front;
mod length;
mod merge;
mod packed;
mod run;
mod scratch;
mod subjects;
#[cfg(test)]
mod tests;
mod view;
mod whole;
mod write;

pub(crate) use chain::{Chain, Stored};
pub(crate) use front::Front;
pub(crate) use length::Length;
pub(crate) use merge::{Cells, Merged, folded};
pub(crate) use packed::{Packed, Small};
pub(crate) use run::Tail;
pub(crate) use scratch::Scratch;
pub(crate) use subjects::Subjects;
pub(crate) use view::View;
pub(crate) use whole::{EVERYBODY_NUMBER, Layers};

use super::rollup::CellKey;

/// A cell: where it is and what it adds up to.
pub(crate) type Cell = (CellKey, Packed);
