//! Plans: what is charged for what, in versions.

pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod put;
