//! Credits: what customers have paid before their bills, or were given.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod list;
