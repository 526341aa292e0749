//! Usage that a customer pays for by no price: of types of events that no item of its plans looks at.
//!
//! A run warns of it, as it warns of usage that no customer pays for. It changes no bill.

use super::agreed::Agreed;
use super::records::Catalog;
use crate::{Engine, EngineError};
use std::collections::BTreeMap;
use usage_api::bill::UnpricedCustomer;
use usage_domain::meter::query::{MeterQuery, Part, Scope};
use usage_store::Reading;

impl Engine {
    /// What a customer used in a month and has no price for; `None` where there is nothing of it. Events that
    /// any item has a meter for are priced, whichever other meters count them.
    pub(crate) async fn unpriced(
        &self,
        agreed: &Agreed,
        catalog: &Catalog,
    ) -> Result<Option<UnpricedCustomer>, EngineError> {
        let is_priced =
            |of: &str| agreed.meters.values().any(|priced| priced.draft.event_type.as_str() == of);
        let others: Vec<_> =
            catalog.meters.values().filter(|meter| !is_priced(&meter.draft.event_type)).collect();
        if others.is_empty() || agreed.subjects.is_empty() {
            return Ok(None);
        }
        let period = agreed.inputs.period;
        let parts = agreed.subjects.iter().filter_map(|paid| {
            let period = paid.period.intersection(&period)?;
            Some(Part { subject: paid.subject.clone(), period, label: None })
        });
        let query = MeterQuery {
            from: Some(period.start),
            to: Some(period.end),
            scope: Scope::Parts(parts.collect()),
            ..MeterQuery::total()
        };
        let meters = others.iter().map(|meter| (meter.id, query.clone())).collect();
        let read = self.store.read(Reading { charges: None, meters }).await?;
        // Meters of one type of events look at the same events.
        let (mut by_type, mut keys) = (BTreeMap::<&str, u64>::new(), Vec::new());
        for (meter, rows) in others.iter().zip(&read.meters) {
            let events: u64 = rows.iter().map(|row| row.events).sum();
            if events > 0 {
                keys.push(meter.draft.key.clone());
                let most = by_type.entry(&meter.draft.event_type).or_default();
                *most = events.max(*most);
            }
        }
        let events = by_type.values().sum();
        let customer = agreed.inputs.customer.number;
        Ok((!keys.is_empty()).then_some(UnpricedCustomer { customer, meters: keys, events }))
    }
}
