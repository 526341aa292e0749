//! What there is to do where one catalog is there and another is wanted.

use super::compare::{FieldChange, compare};
use super::steps::{Step, Steps};
use super::write::SettingsDocument;
use super::{Catalog, Settings};
use crate::coupon::Coupon;
use crate::meter::definition::Definition;
use crate::plan::Plan;
use crate::problem::FieldError;
use crate::tax::Tax;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use usage_domain::meter::MeterDraft;
use usage_domain::plan::{self, Disagreement};

/// What a change is of, in the order in which they are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = CatalogKind))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// How bills are made out.
    Settings,
    /// A meter.
    Meter,
    /// A tax.
    Tax,
    /// A coupon.
    Coupon,
    /// A plan.
    Plan,
    /// A customer, with its taxes, coupons and subscriptions.
    Customer,
}

/// Something that is made, or made different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = CatalogChange))]
pub struct Change {
    /// What it is.
    pub kind: Kind,
    /// What it is called; a customer by its key, or else its number.
    pub key: String,
    /// Its place in the list of the wanted catalog.
    #[serde(skip)]
    pub place: usize,
    /// Whether it is new.
    pub created: bool,
    /// The fields that change; of what is new, only what is done beside making it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
    /// What there is to do for a customer.
    #[serde(skip)]
    pub steps: Vec<Step>,
}

/// What there is to do. Nothing is ever ended because it is not named.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = CatalogChanges))]
pub struct Changes {
    /// In the order in which it is done.
    pub changes: Vec<Change>,
    /// How many of what is wanted is there already.
    pub unchanged: usize,
    /// What cannot be done, by its path in the wanted catalog. Then nothing is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<FieldError>,
}

/// What was done, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = AppliedCatalog))]
pub struct Applied {
    /// Whether nothing was to be done, but only found out.
    pub dry_run: bool,
    /// What there was to do.
    #[serde(flatten)]
    pub changes: Changes,
    /// How many of the changes were done, the first ones.
    pub done: usize,
    /// Why the next one was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
}

impl Change {
    /// What it is of, such as `plan pro`.
    #[must_use]
    pub fn name(&self) -> String {
        match self.kind {
            Kind::Settings => "settings".to_string(),
            kind => format!("{kind} {}", self.key),
        }
    }
}

/// What must be done so that all of `wanted` is there.
#[must_use]
pub fn diff(current: &Catalog, wanted: &Catalog) -> Changes {
    let mut changes = Changes::default();
    changes.settings(&current.settings, &wanted.settings);
    changes.list(Kind::Meter, &current.meters, &wanted.meters, |meter| &meter.key, Definition::from);
    changes.list(Kind::Tax, &current.taxes, &wanted.taxes, |tax| &tax.key, Tax::from);
    changes.list(Kind::Coupon, &current.coupons, &wanted.coupons, |coupon| &coupon.key, Coupon::from);
    changes.list(Kind::Plan, &current.plans, &wanted.plans, |plan| &plan.key, Plan::from);
    for (place, customer) in wanted.customers.iter().enumerate() {
        let there = current.customers.iter().find(|other| other.is(customer));
        let Steps { steps, fields, refused } = Steps::new(there, customer);
        let within = |error: FieldError| FieldError {
            field: format!("customers[{place}].{}", error.field),
            reason: error.reason,
        };
        changes.refused.extend(refused.into_iter().map(within));
        let (kind, key, created) = (Kind::Customer, customer.reference(), there.is_none());
        changes.note(Change { kind, key, place, created, fields, steps });
    }
    changes.lasting(current, wanted);
    changes.metered(current, wanted);
    changes.known(current, wanted);
    changes
}

fn value(document: impl Serialize) -> Value {
    serde_json::to_value(document).unwrap_or_default()
}

impl Changes {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    fn note(&mut self, change: Change) {
        if change.created || !change.fields.is_empty() {
            self.changes.push(change);
        } else {
            self.unchanged += 1;
        }
    }

    fn refuse(&mut self, field: String, reason: String) {
        self.refused.push(FieldError { field, reason });
    }

    fn settings(&mut self, current: &Settings, wanted: &Settings) {
        if *wanted == Settings::default() {
            return;
        }
        let wanted = Settings {
            seller: wanted.seller.clone().or_else(|| current.seller.clone()),
            number_prefix: wanted.number_prefix.clone().or_else(|| current.number_prefix.clone()),
            grace_days: wanted.grace_days.or(current.grace_days),
        };
        let document = |settings| value(SettingsDocument::from(settings));
        let fields = compare(&document(current), &document(&wanted));
        let (kind, key) = (Kind::Settings, "settings".to_string());
        self.note(Change { kind, key, place: 0, created: false, fields, steps: Vec::new() });
    }

    /// Compares all of a kind.
    fn list<'a, T, D: Serialize>(
        &mut self,
        kind: Kind,
        current: &'a [T],
        wanted: &'a [T],
        key: impl Fn(&T) -> &String,
        document: impl Fn(&'a T) -> D,
    ) {
        for (place, element) in wanted.iter().enumerate() {
            let there = current.iter().find(|other| key(other) == key(element));
            let fields = there
                .map_or_else(Vec::new, |there| compare(&value(document(there)), &value(document(element))));
            let created = there.is_none();
            let key = key(element).clone();
            self.note(Change { kind, key, place, created, fields, steps: Vec::new() });
        }
    }

    /// Refuses to change what never changes.
    fn lasting(&mut self, current: &Catalog, wanted: &Catalog) {
        for (place, meter) in wanted.meters.iter().enumerate() {
            let Some(there) = current.meters.iter().find(|other| other.key == meter.key) else { continue };
            for (field, differs) in lasting_of(there, meter) {
                if differs {
                    let reason = format!(
                        "what the meter {:?} measures never changes; make another meter under another key",
                        meter.key
                    );
                    self.refuse(format!("meters[{place}].{field}"), reason);
                }
            }
        }
        for (place, plan) in wanted.plans.iter().enumerate() {
            let Some(there) = current.plans.iter().find(|other| other.key == plan.key) else { continue };
            for version in &there.versions {
                if plan.version(version.number).is_none() {
                    let reason = format!(
                        "the plan {:?} has a version {} (from {}) that the file lacks; no version ever goes",
                        plan.key, version.number, version.effective_from
                    );
                    self.refuse(format!("plans[{place}].versions"), reason);
                }
            }
        }
    }

    /// Refuses plans that name meters or dimensions which neither are there nor come, and meters that lose
    /// what a plan names.
    fn metered(&mut self, current: &Catalog, wanted: &Catalog) {
        let is_wanted = |key: &str| wanted.meters.iter().any(|meter| meter.key == key);
        let kept = current.meters.iter().filter(|meter| !is_wanted(&meter.key));
        let meters: Vec<&MeterDraft> = wanted.meters.iter().chain(kept).collect();
        let said = |plan: &plan::Plan, wrong: Disagreement| {
            let version = &plan.versions[wrong.version];
            let item = &version.items[wrong.item].key;
            format!("item {item:?} of version {}: {}: {}", version.number, wrong.field, wrong.reason)
        };
        for (place, plan) in wanted.plans.iter().enumerate() {
            for wrong in plan.disagreements(&meters) {
                self.refuse(format!("plans[{place}]"), said(plan, wrong));
            }
        }
        for plan in current.plans.iter().filter(|plan| wanted.plans.iter().all(|other| other.key != plan.key))
        {
            for (place, meter) in wanted.meters.iter().enumerate().filter(|(_, meter)| plan.uses(&meter.key))
            {
                let wrong = plan.disagreements(&[meter]).into_iter().filter(|wrong| wrong.field != "meter");
                for wrong in wrong {
                    let reason = format!("the plan {:?} needs it: {}", plan.key, said(plan, wrong));
                    self.refuse(format!("meters[{place}].group_by"), reason);
                }
            }
        }
    }

    /// Refuses what names something that neither is there nor comes.
    fn known(&mut self, current: &Catalog, wanted: &Catalog) {
        let both = |keys: fn(&Catalog) -> Vec<&str>| -> BTreeSet<&str> {
            keys(current).into_iter().chain(keys(wanted)).collect()
        };
        let taxes = both(|catalog| catalog.taxes.iter().map(|tax| tax.key.as_str()).collect());
        let coupons = both(|catalog| catalog.coupons.iter().map(|coupon| coupon.key.as_str()).collect());
        let plans = both(|catalog| catalog.plans.iter().map(|plan| plan.key.as_str()).collect());
        for (place, customer) in wanted.customers.iter().enumerate() {
            let at = |list: &str, index: usize| format!("customers[{place}].{list}[{index}]");
            for (index, tax) in customer.taxes.iter().flatten().enumerate() {
                if !taxes.contains(tax.as_str()) {
                    self.refuse(at("taxes", index), format!("{tax:?}: {}", others("tax", &taxes)));
                }
            }
            for (index, given) in customer.coupons.iter().enumerate() {
                if !coupons.contains(given.coupon.as_str()) {
                    self.refuse(
                        at("coupons", index),
                        format!("{:?}: {}", given.coupon, others("coupon", &coupons)),
                    );
                }
            }
            for (index, on) in customer.subscriptions.iter().enumerate() {
                if !plans.contains(on.plan.as_str()) {
                    let field = format!("{}.plan", at("subscriptions", index));
                    self.refuse(field, format!("{:?}: {}", on.plan, others("plan", &plans)));
                }
            }
        }
    }
}

fn others(what: &str, known: &BTreeSet<&str>) -> String {
    let shown: Vec<&str> = known.iter().copied().take(20).collect();
    match known.len() {
        0 => format!("there is no {what} at all"),
        1..=20 => format!("there is no such {what}; there are {}", shown.join(", ")),
        more => format!("there is no such {what}; there are {} and {} more", shown.join(", "), more - 20),
    }
}

/// What a meter measures.
fn lasting_of(there: &MeterDraft, wanted: &MeterDraft) -> [(&'static str, bool); 4] {
    [
        ("aggregation", there.aggregation != wanted.aggregation),
        ("event_type", there.event_type != wanted.event_type),
        ("value_property", there.value_property != wanted.value_property),
        ("event_from", there.event_from != wanted.event_from),
    ]
}
