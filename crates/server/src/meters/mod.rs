//! Meters: making and changing them, and asking them in version 1 and version 3.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod preview;
pub(crate) mod query;
pub(crate) mod subjects;
pub(crate) mod update;
pub(crate) mod v3;
pub(crate) mod values;
