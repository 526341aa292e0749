//! Sites: where a store is made, broken and opened again.
//!
//! A site knows one store and the files, or the server, beneath it. Everything else here knows a
//! [`Store`] and this trait alone: another store is simulated by another site.

mod disk;
mod embedded;
mod files;
mod line;
mod postgres;

pub(crate) use embedded::Embedded;
pub(crate) use postgres::Postgres;

use crate::dice::Dice;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use usage_store::{Store, StoreError};

/// Where a store can be made to wait, so that other requests come while it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before a group of events is written.
    Commit,
    /// Before a change of customers, meters or postings is committed.
    Catalog,
    /// Before the log is read for what a new meter measured earlier.
    Cover,
}

/// What went wrong, on purpose, in the step so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Hits {
    /// Commits of events that failed.
    pub(crate) commits: u64,
    /// Checkpoints that failed.
    pub(crate) checkpoints: u64,
    /// Commits of customers, meters and postings that failed.
    pub(crate) catalog: u64,
    /// Readings of a meter's earlier usage that failed.
    pub(crate) covers: u64,
    /// Failures in taking back what failed.
    pub(crate) undos: u64,
    /// Connections that were lost within a transaction.
    pub(crate) lost: u64,
    /// The process died.
    pub(crate) crashed: bool,
}

impl Hits {
    pub(crate) fn all(&self) -> u64 {
        self.commits + self.checkpoints + self.catalog + self.covers + self.undos + self.lost
    }

    /// Whether what failed to commit may be there all the same, or be there when the store is opened again.
    pub(crate) fn may_survive(&self) -> bool {
        self.crashed || self.undos > 0 || self.lost > 0
    }
}

/// What a crash did besides, in figures for the statistics and in words.
#[derive(Debug, Default)]
pub(crate) struct Wreck {
    pub(crate) torn: u64,
    pub(crate) spoiled: u64,
    pub(crate) words: Vec<String>,
}

/// What waiting for the store's own threads takes.
pub(crate) type Settling<'a> = Pin<Box<dyn Future<Output = Result<(), StoreError>> + 'a>>;

/// What opening takes.
pub(crate) type Opening<'a> = Pin<Box<dyn Future<Output = Result<Vec<Arc<dyn Store>>, StoreError>> + 'a>>;

/// Where a store is made, broken and opened again.
pub(crate) trait Site {
    /// Opens the store that is there, which must be the only one; where nodes share it, all that are not open.
    fn open(&mut self) -> Opening<'_>;

    /// Waits until the store does nothing any more by itself.
    fn settle(&self) -> Settling<'_>;

    /// Whether the store goes on where one of its nodes had no answer: what became of the request is to be seen
    /// at once.
    fn is_shared(&self) -> bool {
        false
    }

    /// From now on nothing reaches the store, or everything does again; `false` where that cannot be.
    fn is_away(&mut self, _away: bool) -> bool {
        false
    }

    /// Events that may wait to be written; more are refused.
    fn most_waiting(&self) -> usize;

    /// A step begins, with so many events in the log: what went wrong before is forgotten.
    fn begin_step(&mut self, events: u64);

    /// What went wrong since the step began.
    fn hits(&self) -> Hits;

    /// Draws what is to go wrong from now on, until mended; says it in words.
    fn plan_trouble(&mut self, dice: &mut Dice) -> String;

    /// Nothing is to go wrong any more.
    fn mend(&mut self);

    /// Makes the store wait when it next comes to this moment.
    fn hold(&self, moment: Moment);

    /// Whether it waits there; otherwise `context` is told when it does.
    fn poll_held(&self, context: &mut Context<'_>) -> bool;

    /// Lets it go on; it is no longer to wait anywhere.
    fn release(&self);

    /// The process dies now, unless it did in the step: nothing of what it does from now on stays. Of several nodes,
    /// one or all.
    fn crash(&mut self);

    /// The process dies within the last commit of the catalog, as if that had not been answered;
    /// `false` where that cannot be made up.
    fn crash_within_catalog_commit(&mut self, dice: &mut Dice) -> bool;

    /// After a crash, when the store is gone: what a machine may have lost besides is lost.
    fn clear_up(&mut self, dice: &mut Dice) -> Result<Wreck, String>;
}

/// The answer of a request; `None` when the store is held before it comes.
pub(crate) async fn answered_or_held<T>(
    site: &dyn Site,
    request: &mut Pin<Box<impl Future<Output = T>>>,
) -> Option<T> {
    poll_fn(|context| match request.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending if site.poll_held(context) => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
    .await
}

/// Begins a request, so that it waits in the store's queue; gives its answer where there is one at once.
pub(crate) async fn begin<T>(request: &mut Pin<Box<impl Future<Output = T>>>) -> Option<T> {
    poll_fn(|context| match request.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}
