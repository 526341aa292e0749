//! Writing plans.

use super::{Filter, Plan, PlanItem, PlanVersion};
use std::collections::BTreeSet;
use usage_domain::plan::{self, Corrections, ItemKind};

impl From<&plan::Plan> for Plan {
    fn from(plan: &plan::Plan) -> Plan {
        Plan {
            key: plan.key.clone(),
            name: plan.name.clone(),
            description: plan.description.clone(),
            versions: plan.versions.iter().map(PlanVersion::from).collect(),
        }
    }
}

impl From<&plan::PlanVersion> for PlanVersion {
    fn from(version: &plan::PlanVersion) -> PlanVersion {
        let corrections = match version.corrections {
            Corrections::NextBill => "next_bill",
            Corrections::CreditNote => "credit_note",
        };
        PlanVersion {
            version: version.number,
            effective_from: version.effective_from.to_string(),
            currency: version.currency.to_string(),
            trial_days: version.trial_days,
            minimum_amount: version.minimum_amount.map(|amount| amount.to_string()),
            corrections: corrections.to_string(),
            items: version.items.iter().map(PlanItem::from).collect(),
        }
    }
}

impl From<&plan::Item> for PlanItem {
    fn from(item: &plan::Item) -> PlanItem {
        let mut written = PlanItem {
            key: item.key.clone(),
            name: item.name.clone(),
            meter: None,
            unit: None,
            filters: Default::default(),
            details: Vec::new(),
            price: item.price().into(),
            prorate: None,
            tax_category: item.tax_category.clone(),
        };
        match &item.kind {
            ItemKind::Usage(usage) => {
                written.meter = Some(usage.meter.clone());
                written.unit = usage.unit.clone();
                let filters = usage.filters.iter();
                written.filters = filters.map(|(name, values)| (name.clone(), filter(values))).collect();
                written.details = usage.details.clone();
            }
            ItemKind::Fee { prorate, .. } => written.prorate = (!prorate).then_some(false),
        }
        written
    }
}

fn filter(values: &BTreeSet<Option<String>>) -> Filter {
    match values.first() {
        Some(Some(only)) if values.len() == 1 => Filter::One(only.clone()),
        _ => Filter::Any(values.iter().cloned().collect()),
    }
}
