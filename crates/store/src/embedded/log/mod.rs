//! The log: append-only segment files of checksummed records. It is the truth that every
//! projection is made from; nothing in it is ever changed.

pub(crate) mod append;
pub(crate) mod open;
pub(crate) mod scan;
pub(crate) mod segment;
