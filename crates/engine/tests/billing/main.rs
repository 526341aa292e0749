//! Billing from end to end on the embedded store: what is used becomes a bill, the bill a number, and every
//! bill can be made again from the log.

mod explained;
mod finalized;
mod live;
mod runs;
mod world;
