//! Where tests make the disk fail. Without a plan every check passes.

use std::fmt;
use std::io;
use std::sync::Arc;

/// A moment at which a disk may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Making a new segment file.
    Create,
    /// Writing a record; half of it is written when it fails.
    Write,
    /// Making a record durable.
    Sync,
    /// Cutting a failed record off again.
    Undo,
    /// Writing a checkpoint of the projections.
    Checkpoint,
    /// Committing to the catalog.
    Catalog,
    /// Reading the log for a meter's earlier usage.
    Cover,
}

type Plan = dyn Fn(Step) -> io::Result<()> + Send + Sync;

/// A plan of failures.
#[derive(Clone, Default)]
pub struct Faults(Option<Arc<Plan>>);

impl Faults {
    /// Asks `plan` before every step; what it returns as an error is what the disk would say.
    pub fn new(plan: impl Fn(Step) -> io::Result<()> + Send + Sync + 'static) -> Faults {
        Faults(Some(Arc::new(plan)))
    }

    pub(crate) fn check(&self, step: Step) -> io::Result<()> {
        self.0.as_ref().map_or(Ok(()), |plan| plan(step))
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Faults(planned)" } else { "Faults(none)" })
    }
}
