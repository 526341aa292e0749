//! Customers and their bills.

pub(crate) mod bill;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod post;
pub(crate) mod update;
