//! Changes of meters: one at a time and to their end, even where whoever asked has gone. What the catalog
//! has is then what usage is added up for.

use super::blocking;
use super::catalog::Catalog;
use super::cover::Covering;
use crate::StoreError;
use std::sync::Arc;
use tokio::sync::Mutex;
use usage_domain::meter::{Meter, MeterDraft, MeterId};
use usage_domain::time::Timestamp;

/// A change of a meter: of the catalog, and of what is added up.
pub(super) struct Change {
    pub(super) catalog: Arc<Catalog>,
    pub(super) covering: Covering,
}

impl Change {
    pub(super) async fn create(
        self,
        id: MeterId,
        draft: MeterDraft,
        now: Timestamp,
    ) -> Result<Meter, StoreError> {
        let meter = self.catalog.create_meter(id, draft, now).await?;
        let added = meter.clone();
        blocking(move || self.covering.start(added)).await?;
        Ok(Meter::clone(&meter))
    }

    pub(super) async fn update(
        self,
        id: MeterId,
        draft: MeterDraft,
        now: Timestamp,
    ) -> Result<Meter, StoreError> {
        let before = self.meter(id)?;
        let meter = self.catalog.update_meter(id, draft, now).await?;
        if meter.series != before.series {
            let added = meter.clone();
            blocking(move || {
                self.covering.start(added)?;
                self.covering.forget(before.series)
            })
            .await?;
        }
        Ok(Meter::clone(&meter))
    }

    pub(super) async fn delete(self, id: MeterId) -> Result<(), StoreError> {
        let meter = self.meter(id)?;
        self.catalog.delete_meter(id).await?;
        blocking(move || self.covering.forget(meter.series)).await
    }

    fn meter(&self, id: MeterId) -> Result<Arc<Meter>, StoreError> {
        self.catalog.index().meter(id).cloned().ok_or(StoreError::NoMeter)
    }
}

/// Waits for the changes before, then makes this one.
pub(super) async fn in_turn<T: Send + 'static>(
    turn: &Arc<Mutex<()>>,
    change: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    let turn = turn.clone().lock_owned().await;
    let work = async move {
        let changed = change.await;
        drop(turn);
        changed
    };
    tokio::spawn(work).await.map_err(|_| StoreError::Closed)?
}
