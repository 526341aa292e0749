//! Routes about prices.

pub(crate) mod preview;
