//! Billing: plans, subscriptions, credits, and the bills that come of them.
//!
//! Owns the way from what was agreed ([`agreed`]) and what was used ([`measured`]) to a bill, and what
//! becomes of a bill: it is finalized once, under a number of its own, and never changed; it can be paid,
//! voided, explained, and made again from the log ([`recount`]). What is decided about amounts is in
//! `usage_domain::bill`; what is kept, and how, is in [`records`].
//!
//! Everything that is written is written in one call of the store that names what it was read as, so that
//! of two nodes that do the same at once, one does it.

mod adjust;
mod agreed;
mod bills;
mod catalog;
mod credits;
mod explain;
mod finalize;
mod history;
mod late;
mod live;
mod measured;
mod numbers;
mod once;
mod records;
mod recount;
mod run;
mod settled;
mod simulate;
mod steps;
mod subscriptions;
mod unpriced;
mod verify;

pub use bills::BillFilter;
pub(crate) use catalog::check_settings;
pub use credits::GrantDraft;
pub use finalize::FinalizeOptions;
pub use live::open_id;
pub use once::{MAX_REQUEST_KEY, Once};
pub use run::{Ids, RunOptions};
pub use simulate::Candidate;
pub use subscriptions::SubscriptionDraft;
pub(crate) use subscriptions::check_subscription;
