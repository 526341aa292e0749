//! Subjects: what is known about those whose usage is metered.

pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod upsert;
