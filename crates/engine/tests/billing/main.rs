//! Billing from end to end on either store: what is used becomes a bill, the bill a number, and every
//! bill can be made again from the log.

#[path = "../../../store/tests/support/chosen.rs"]
mod chosen;
mod explained;
mod finalized;
mod late;
mod live;
mod owed;
mod runs;
mod settled;
mod world;
