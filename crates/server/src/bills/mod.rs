//! Bills: open ones as the log is now, finalized ones for ever; what becomes of them.

pub(crate) mod credit;
pub(crate) mod credit_notes;
pub(crate) mod explain;
pub(crate) mod face;
pub(crate) mod finalize;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod pay;
pub(crate) mod run;
pub(crate) mod simulate;
pub(crate) mod verify;
pub(crate) mod void;
