//! Usage: posting it, and what nobody pays for.

pub(crate) mod create;
pub(crate) mod unpaid;
