//! One file per command: it asks the gateway and writes the answer.

pub(crate) mod agreed;
pub(crate) mod apply;
pub(crate) mod backup;
pub(crate) mod bench;
pub(crate) mod bench_bills;
pub(crate) mod bill;
pub(crate) mod bill_run;
pub(crate) mod bill_status;
pub(crate) mod customers;
pub(crate) mod demo;
pub(crate) mod events;
pub(crate) mod explain;
pub(crate) mod export;
mod export_bills;
pub(crate) mod finalize;
pub(crate) mod import;
pub(crate) mod loaddata;
pub(crate) mod meters;
pub(crate) mod migrate;
pub(crate) mod migrate_store;
pub(crate) mod rebuild;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod verify;
pub(crate) mod verify_bill;
