//! Where tests make the disk fail, and have one thing done at a time. Without a plan every check passes.

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
pub struct Faults {
    plan: Option<Arc<Plan>>,
    /// Whoever starts a thread waits for it.
    one_at_a_time: bool,
}

impl Faults {
    /// Asks `plan` before every step; what it returns as an error is what the disk would say.
    pub fn new(plan: impl Fn(Step) -> io::Result<()> + Send + Sync + 'static) -> Faults {
        Faults { plan: Some(Arc::new(plan)), one_at_a_time: false }
    }

    /// Whatever is otherwise done behind the writer is waited for when it is begun, so that nothing depends
    /// on the speed of threads.
    #[must_use]
    pub fn one_at_a_time(self) -> Faults {
        Faults { one_at_a_time: true, ..self }
    }

    pub(crate) fn is_one_at_a_time(&self) -> bool {
        self.one_at_a_time
    }

    pub(crate) fn check(&self, step: Step) -> io::Result<()> {
        self.plan.as_ref().map_or(Ok(()), |plan| plan(step))
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.plan.is_some() { "Faults(planned)" } else { "Faults(none)" })
    }
}
