//! Meters: making and changing them, asking them, and trying one on events that are nowhere stored.

use crate::{Engine, EngineError};
use usage_domain::meter::aggregate::Order;
use usage_domain::meter::collect::Collector;
use usage_domain::meter::query::{MeterQuery, MeterRow, MeterUsage, QueryError};
use usage_domain::meter::value::Measurement;
use usage_domain::meter::{Meter, MeterDraft, MeterId};
use usage_domain::time::{Period, Timestamp};
use usage_store::StoreError;

impl Engine {
    /// Makes a meter. It covers the events that are stored already.
    ///
    /// # Errors
    /// A draft that is not usable, or a key that is taken.
    pub async fn create_meter(
        &self,
        id: MeterId,
        mut draft: MeterDraft,
        now: Timestamp,
    ) -> Result<Meter, EngineError> {
        draft.check()?;
        Ok(self.store.create_meter(id, draft, now).await?)
    }

    /// Changes a meter: its texts and its dimensions.
    ///
    /// # Errors
    /// A draft that is not usable, that changes what never changes, or that lacks a dimension that a plan
    /// names.
    pub async fn update_meter(
        &self,
        id: MeterId,
        mut draft: MeterDraft,
        now: Timestamp,
    ) -> Result<Meter, EngineError> {
        draft.check()?;
        self.check_plans(&draft).await?;
        Ok(self.store.update_meter(id, draft, now).await?)
    }

    /// Ends a meter; the events that it measured stay.
    ///
    /// # Errors
    /// No such meter, or one that a plan is of.
    pub async fn delete_meter(&self, id: MeterId) -> Result<(), EngineError> {
        if let Some(meter) = self.store.meters().await?.into_iter().find(|meter| meter.id == id) {
            self.check_in_no_plan(&meter.draft.key).await?;
        }
        Ok(self.store.delete_meter(id).await?)
    }

    /// All meters, in the order in which they were made.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn meters(&self) -> Result<Vec<Meter>, EngineError> {
        Ok(self.store.meters().await?)
    }

    /// The meter of this id or key.
    ///
    /// # Errors
    /// No such meter.
    pub async fn meter(&self, name: &str) -> Result<Meter, EngineError> {
        let id = name.parse::<MeterId>().ok();
        let found = self.store.meters().await?;
        let found = found.into_iter().find(|meter| Some(meter.id) == id || meter.draft.key == name);
        found.ok_or_else(|| StoreError::NoMeter.into())
    }

    /// What a meter is asked.
    ///
    /// # Errors
    /// No such meter, or a question that has no answer.
    pub async fn query(&self, meter: MeterId, query: MeterQuery) -> Result<MeterUsage, EngineError> {
        Ok(self.store.query(meter, query).await?)
    }

    /// The rows that a meter would have of these events alone.
    ///
    /// # Errors
    /// A question that has no answer.
    pub fn preview(
        meter: &Meter,
        query: &MeterQuery,
        events: &[(Timestamp, Measurement)],
    ) -> Result<Vec<MeterRow>, QueryError> {
        let mut collector = Collector::new(meter, query)?;
        if let Some(origin) = collector.origin("", None, Period::ALWAYS) {
            for (sequence, (time, measured)) in (0..).zip(events) {
                let order: Order = (*time, sequence);
                collector.event(&origin, order, measured)?;
            }
        }
        collector.finish()
    }
}
