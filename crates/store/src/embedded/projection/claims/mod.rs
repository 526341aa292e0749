//! The duplicate index: for every event its claim's keyed hash and where the event is, for ever.
//!
//! A hash alone never decides: whoever asks compares the source and the id with the log, and an event is
//! never taken for new while the log has its claim. The latest claims are in hash tables, older ones in
//! sorted runs on disk ([`run`]). One filter over all runs ([`front`]) answers nearly all questions about new
//! ids, another in each run ([`filter`]) nearly all of the rest, and tells for old ids where they are.
//! Memory is therefore bounded by 20 to 24 bits a claim.

mod entry;
mod filter;
mod front;
mod index;
#[cfg(test)]
mod measure;
mod merge;
mod page;
mod read;
mod run;
mod runs;
mod table;
#[cfg(test)]
mod tests;
mod worker;
mod write;

pub(crate) use entry::{ClaimEntry, HashKey};
pub(crate) use index::Claims;
pub(crate) use merge::Merged;
pub(crate) use read::RunReader;
pub(crate) use run::Run;
pub(crate) use runs::Runs;
