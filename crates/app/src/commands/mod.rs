//! One file per command: it asks the gateway and writes the answer.

pub(crate) mod apply;
pub(crate) mod backup;
pub(crate) mod bench;
pub(crate) mod bench_bills;
pub(crate) mod bill;
pub(crate) mod customers;
pub(crate) mod demo;
pub(crate) mod events;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod loaddata;
pub(crate) mod meters;
pub(crate) mod migrate;
pub(crate) mod migrate_store;
pub(crate) mod rebuild;
pub(crate) mod serve;
pub(crate) mod verify;
