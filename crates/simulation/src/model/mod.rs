//! The model: what was acknowledged, in plain lists, and every answer counted anew from them.
//!
//! Naive on purpose. It must never share code with a store: what both get wrong together, no
//! simulation finds.

pub(crate) mod bill;
pub(crate) mod catalog;
pub(crate) mod log;
pub(crate) mod metered;
pub(crate) mod meters;
pub(crate) mod posting;
pub(crate) mod question;
pub(crate) mod sent;
pub(crate) mod worth;

use catalog::Catalog;
use log::Log;

/// All that a store must know.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) log: Log,
    pub(crate) catalog: Catalog,
}

impl Model {
    /// The model of a new store, which may be one of several nodes.
    pub(crate) fn of(is_shared: bool) -> Model {
        Model { log: Log::new(is_shared), catalog: Catalog::default() }
    }
}
