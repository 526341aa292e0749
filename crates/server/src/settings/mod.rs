//! How bills are made out: their numbers, when, and by whom.

pub(crate) mod get;
pub(crate) mod put;
