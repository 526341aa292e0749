//! The stored form of events, which every store shares: records of blocks, and the bytes that they
//! are made of. A record that one store wrote, another can read.
//!
//! Nothing here knows where bytes are kept.

pub(crate) mod block;
pub(crate) mod claims;
pub(crate) mod codec;
pub(crate) mod columns;
pub(crate) mod record;
pub(crate) mod table;
pub(crate) mod texts;
