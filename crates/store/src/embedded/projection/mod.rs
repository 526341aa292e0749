//! Projections: what is made from the log to answer quickly. Each can be made anew from it at any
//! time; none holds anything that the log does not.

pub(crate) mod cells;
pub(crate) mod charges;
pub(crate) mod claims;
pub(crate) mod corrections;
pub(crate) mod delta;
pub(crate) mod layers;
pub(crate) mod metered;
pub(crate) mod names;
pub(crate) mod rollup;
pub(crate) mod row;
pub(crate) mod slot;
pub(crate) mod stretch;
