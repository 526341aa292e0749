//! The catalog: everything that was set up, as one document.

pub(crate) mod apply;
pub(crate) mod get;
