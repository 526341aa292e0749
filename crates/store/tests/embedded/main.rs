//! The embedded store when things go wrong: disks that fail, bytes that change, processes that die.
//!
//! Asked through the public API and the files alone. What must hold each time: what was
//! acknowledged is there and counts once, what was refused left nothing, damage is named.

mod backup;
mod catalog;
mod checkpoints;
mod claims;
mod crash;
mod damage;
mod documents;
mod faults;
mod folders;
mod golden;
mod meter_crashes;
mod meters;
mod projections;
mod recounted;
mod support;
mod torn;
