//! Writing a catalog.

use super::{Catalog, Customer, GivenCoupon, Settings, Subscribed};
use crate::coupon::Coupon;
use crate::meter::definition::Definition;
use crate::plan::Plan;
use crate::price::PriceSpec;
use crate::settings::Seller;
use crate::tax::Tax;
use serde::Serialize;
use std::collections::BTreeMap;

/// The JSON of a catalog. [`super::read()`] gives the same catalog again.
#[must_use]
pub fn text(catalog: &Catalog) -> String {
    let is_set = catalog.settings != Settings::default();
    crate::stored::text(&Document {
        settings: is_set.then(|| SettingsDocument::from(&catalog.settings)),
        meters: catalog.meters.iter().map(Definition::from).collect(),
        taxes: catalog.taxes.iter().map(Tax::from).collect(),
        coupons: catalog.coupons.iter().map(Coupon::from).collect(),
        plans: catalog.plans.iter().map(Plan::from).collect(),
        customers: catalog.customers.iter().map(CustomerDocument::from).collect(),
    })
}

#[derive(Serialize)]
struct Document {
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<SettingsDocument>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    meters: Vec<Definition>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    taxes: Vec<Tax>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    coupons: Vec<Coupon>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    plans: Vec<Plan>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    customers: Vec<CustomerDocument>,
}

#[derive(Serialize)]
pub(super) struct SettingsDocument {
    #[serde(skip_serializing_if = "Option::is_none")]
    seller: Option<Seller>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number_prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grace_days: Option<u32>,
}

#[derive(Serialize)]
pub(super) struct CustomerDocument {
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subjects: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    taxes: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    coupons: Vec<GivenDocument>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subscriptions: Vec<SubscribedDocument>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum GivenDocument {
    Now(String),
    From { coupon: String, from: String },
}

#[derive(Serialize)]
pub(super) struct SubscribedDocument {
    plan: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trial_end: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    overrides: BTreeMap<String, PriceSpec>,
}

impl From<&Settings> for SettingsDocument {
    fn from(settings: &Settings) -> SettingsDocument {
        let Settings { seller, number_prefix, grace_days } = settings.clone();
        SettingsDocument { seller, number_prefix, grace_days }
    }
}

impl From<&Customer> for CustomerDocument {
    fn from(customer: &Customer) -> CustomerDocument {
        CustomerDocument {
            key: customer.key.clone(),
            number: customer.number,
            name: customer.name.clone(),
            currency: customer.currency.map(|currency| currency.to_string()),
            time_zone: customer.zone.as_ref().map(|zone| zone.name().to_string()),
            subjects: customer.subjects.clone(),
            taxes: customer.taxes.clone(),
            coupons: customer.coupons.iter().map(GivenDocument::from).collect(),
            subscriptions: customer.subscriptions.iter().map(SubscribedDocument::from).collect(),
        }
    }
}

impl From<&GivenCoupon> for GivenDocument {
    fn from(given: &GivenCoupon) -> GivenDocument {
        let coupon = given.coupon.clone();
        match given.from {
            None => GivenDocument::Now(coupon),
            Some(from) => GivenDocument::From { coupon, from: from.to_string() },
        }
    }
}

impl From<&Subscribed> for SubscribedDocument {
    fn from(subscribed: &Subscribed) -> SubscribedDocument {
        let overrides = subscribed.overrides.iter();
        SubscribedDocument {
            plan: subscribed.plan.clone(),
            version: subscribed.version,
            start: subscribed.start.map(|time| time.to_string()),
            end: subscribed.end.map(|time| time.to_string()),
            trial_end: subscribed.trial_end.map(|time| time.to_string()),
            overrides: overrides.map(|(item, price)| (item.clone(), price.into())).collect(),
        }
    }
}
