//! Subscriptions: which plans customers are on, and when.

pub(crate) mod change;
pub(crate) mod create;
pub(crate) mod end;
pub(crate) mod list;
