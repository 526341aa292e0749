//! What there is to do for one customer.

use super::compare::FieldChange;
use super::{Customer, GivenCoupon, Subscribed};
use crate::price::PriceSpec;
use crate::problem::FieldError;
use serde::Serialize;
use std::collections::BTreeMap;
use usage_domain::time::Timestamp;

/// Something to do for a customer, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Make it.
    Create,
    /// Change its names, currency, zone or subjects.
    Update,
    /// Give it taxes of its own.
    SetTaxes(Vec<String>),
    /// Give it a coupon.
    GiveCoupon(GivenCoupon),
    /// Put it on a plan.
    Subscribe(Box<Subscribed>),
    /// End the subscription to a plan.
    End {
        /// The key of the plan.
        plan: String,
        /// The start of the subscription.
        start: Timestamp,
        /// When it ends.
        end: Timestamp,
    },
}

/// The steps, how they are shown, and what cannot be done, by its path within the customer.
#[derive(Default)]
pub(super) struct Steps {
    pub(super) steps: Vec<Step>,
    pub(super) fields: Vec<FieldChange>,
    pub(super) refused: Vec<FieldError>,
}

impl Step {
    /// What it did, for who asks what was done.
    #[must_use]
    pub fn done(&self) -> &'static str {
        match self {
            Step::Create => "it was made",
            Step::Update => "it was changed",
            Step::SetTaxes(_) => "its taxes were set",
            Step::GiveCoupon(_) => "a coupon was given",
            Step::Subscribe(_) => "a subscription was begun",
            Step::End { .. } => "a subscription was ended",
        }
    }
}

impl Steps {
    /// What there is to do where `current` is there and `wanted` is wanted.
    pub(super) fn new(current: Option<&Customer>, wanted: &Customer) -> Steps {
        let mut steps = Steps::default();
        steps.own(current, wanted);
        if let Some(taxes) = &wanted.taxes
            && current.and_then(|current| current.taxes.as_ref()) != Some(taxes)
        {
            steps.field("taxes", current.and_then(|current| current.taxes.as_ref()), Some(taxes));
            steps.steps.push(Step::SetTaxes(taxes.clone()));
        }
        for (index, given) in wanted.coupons.iter().enumerate() {
            steps.coupon(current, given, index);
        }
        for (index, subscribed) in wanted.subscriptions.iter().enumerate() {
            steps.subscription(current, subscribed, index);
        }
        // One subscription to a plan ends before another begins.
        steps.steps.sort_by_key(|step| matches!(step, Step::Subscribe(_)));
        steps
    }

    fn field<T: Serialize>(&mut self, name: impl Into<String>, from: Option<T>, to: Option<T>) {
        let value = |value: Option<T>| value.and_then(|value| serde_json::to_value(value).ok());
        self.fields.push(FieldChange { field: name.into(), was: value(from), becomes: value(to) });
    }

    fn refuse(&mut self, field: impl Into<String>, reason: String) {
        self.refused.push(FieldError { field: field.into(), reason });
    }

    /// What the customer is by itself.
    fn own(&mut self, current: Option<&Customer>, wanted: &Customer) {
        let Some(current) = current else {
            self.steps.push(Step::Create);
            return;
        };
        let before = self.fields.len();
        if wanted.key.is_some() && wanted.key != current.key {
            self.field("key", current.key.as_ref(), wanted.key.as_ref());
        }
        if wanted.number.is_some() && wanted.number != current.number {
            self.field("number", current.number, wanted.number);
        }
        if wanted.name != current.name {
            self.field("name", Some(&current.name), Some(&wanted.name));
        }
        if wanted.currency.is_some() && wanted.currency != current.currency {
            let code = |customer: &Customer| customer.currency.map(|currency| currency.to_string());
            self.field("currency", code(current), code(wanted));
        }
        if wanted.zone.is_some() && wanted.zone != current.zone {
            let name = |customer: &Customer| customer.zone.as_ref().map(|zone| zone.name().to_string());
            self.field("time_zone", name(current), name(wanted));
        }
        let has = current.subjects.as_deref().unwrap_or_default();
        let new = wanted.subjects.iter().flatten().filter(|subject| !has.contains(subject));
        let all: Vec<&String> = has.iter().chain(new).collect();
        if all.len() > has.len() {
            self.field("subjects", Some(has.iter().collect()), Some(all));
        }
        if self.fields.len() > before {
            self.steps.push(Step::Update);
        }
    }

    fn coupon(&mut self, current: Option<&Customer>, given: &GivenCoupon, index: usize) {
        let coupons = current.map(|current| &current.coupons[..]).unwrap_or_default();
        match coupons.iter().find(|other| other.coupon == given.coupon) {
            Some(GivenCoupon { from: Some(has), .. }) if given.from.is_some_and(|from| from != *has) => {
                let reason = format!("the customer has {:?} from {has} on; take it away first", given.coupon);
                self.refuse(format!("coupons[{index}].from"), reason);
            }
            Some(_) => {}
            None => {
                let from = given.from.map_or_else(|| "now".to_string(), |month| month.to_string());
                self.field(format!("coupons[{}]", given.coupon), None, Some(from));
                self.steps.push(Step::GiveCoupon(given.clone()));
            }
        }
    }

    fn subscription(&mut self, current: Option<&Customer>, wanted: &Subscribed, index: usize) {
        let there = current.map(|current| &current.subscriptions[..]).unwrap_or_default();
        let same = |other: &&Subscribed| {
            other.plan == wanted.plan
                && wanted.start.map_or(other.end.is_none(), |start| other.start == Some(start))
        };
        let Some(there) = there.iter().find(same) else {
            let from = wanted.start.map_or_else(|| "now".to_string(), |start| start.to_string());
            self.field(format!("subscriptions[{} from {from}]", wanted.plan), None, Some(shown(wanted)));
            self.steps.push(Step::Subscribe(Box::new(wanted.clone())));
            return;
        };
        let start = there.start.unwrap_or(Timestamp::MIN);
        let fixed = [
            ("version", wanted.version != there.version),
            // Absent, it is what the plan's trial came to when the subscription began.
            ("trial_end", wanted.trial_end.is_some() && wanted.trial_end != there.trial_end),
            ("overrides", wanted.overrides != there.overrides),
        ];
        for (field, _) in fixed.into_iter().filter(|(_, differs)| *differs) {
            let reason = format!(
                "is another one than that of the subscription to {:?} from {start}; a subscription does not \
                 change: end it, and begin another with a later start",
                wanted.plan
            );
            self.refuse(format!("subscriptions[{index}].{field}"), reason);
        }
        if let Some(end) = wanted.end
            && Some(end) != there.end
        {
            let text = |time: Timestamp| time.to_string();
            let field = format!("subscriptions[{} from {start}].end", wanted.plan);
            self.field(field, there.end.map(text), Some(text(end)));
            self.steps.push(Step::End { plan: wanted.plan.clone(), start, end });
        }
    }
}

/// What a subscription that begins is shown as.
fn shown(subscribed: &Subscribed) -> BTreeMap<&'static str, serde_json::Value> {
    let mut shown = BTreeMap::new();
    let mut text = |name, value: Option<String>| value.map(|value| shown.insert(name, value.into()));
    text("end", subscribed.end.map(|time| time.to_string()));
    text("trial_end", subscribed.trial_end.map(|time| time.to_string()));
    if let Some(version) = subscribed.version {
        shown.insert("version", version.into());
    }
    for (item, price) in &subscribed.overrides {
        let price = serde_json::to_value(PriceSpec::from(price)).unwrap_or_default();
        let overrides = shown.entry("overrides").or_insert_with(|| serde_json::json!({}));
        overrides[item] = price;
    }
    shown
}
