//! Catalogs of all kinds.

use crate::inputs::{definition, zone};
use crate::plans::{coupon, currency, key, month, plan, subscription, tax, words};
use proptest::collection::{btree_set, vec};
use proptest::option::of;
use proptest::prelude::*;
use std::collections::BTreeMap;
use usage_api::catalog::{Catalog, Customer, GivenCoupon, Settings, Subscribed};
use usage_api::settings::Seller;

fn settings() -> impl Strategy<Value = Settings> {
    let seller = (words(), vec(words(), 0..3)).prop_map(|(name, address)| Seller { name, address });
    (of(seller), of(words()), of(any::<u32>())).prop_map(|(seller, number_prefix, grace_days)| Settings {
        seller,
        number_prefix,
        grace_days,
    })
}

fn customer() -> impl Strategy<Value = Customer> {
    let names = (key(), of(1..1_000_000u64), words());
    let billing = (of(currency()), of(zone()), of(btree_set(words(), 0..3)), of(btree_set(key(), 0..3)));
    let given = (key(), of(month())).prop_map(|(coupon, from)| GivenCoupon { coupon, from });
    let on = (subscription(), any::<bool>()).prop_map(|(subscription, from_now)| Subscribed {
        plan: subscription.plan,
        version: subscription.version,
        start: (!from_now).then_some(subscription.start),
        end: subscription.end,
        trial_end: subscription.trial_end,
        overrides: subscription.overrides,
    });
    (names, billing, vec(given, 0..2), vec(on, 0..3)).prop_map(
        |((key, number, name), (currency, zone, subjects, taxes), mut coupons, subscriptions)| {
            coupons.dedup_by(|one, other| one.coupon == other.coupon);
            Customer {
                key: Some(key),
                number,
                name,
                currency,
                zone,
                subjects: subjects.map(|subjects| subjects.into_iter().collect()),
                taxes: taxes.map(|taxes| taxes.into_iter().collect()),
                coupons,
                subscriptions,
            }
        },
    )
}

/// One of each key.
fn by_key<T>(list: Vec<T>, key: impl Fn(&T) -> String) -> Vec<T> {
    let keyed: BTreeMap<String, T> = list.into_iter().map(|element| (key(&element), element)).collect();
    keyed.into_values().collect()
}

pub(crate) fn catalog() -> impl Strategy<Value = Catalog> {
    let lists = (
        vec(definition(), 0..3),
        vec(tax(), 0..3),
        vec(coupon(), 0..3),
        vec(plan(), 0..3),
        vec(customer(), 0..3),
    );
    (settings(), lists).prop_map(|(settings, (meters, taxes, coupons, plans, customers))| Catalog {
        settings,
        meters: by_key(meters, |meter| meter.key.clone()),
        taxes: by_key(taxes, |tax| tax.key.clone()),
        coupons: by_key(coupons, |coupon| coupon.key.clone()),
        plans: by_key(plans, |plan| plan.key.clone()),
        customers: by_key(customers, Customer::reference),
    })
}
