//! Plans, subscriptions and what else is agreed, of all kinds.

use crate::prices;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option::of;
use proptest::prelude::*;
use usage_domain::account::Account;
use usage_domain::coupon::{AppliedCoupon, Coupon};
use usage_domain::credit::{Entry, EntryKind, Grant, GrantId};
use usage_domain::currency::Currency;
use usage_domain::customer::CustomerId;
use usage_domain::decimal::Decimal;
use usage_domain::money::Money;
use usage_domain::plan::{Corrections, Item, ItemKind, Plan, PlanVersion, UsageItem};
use usage_domain::pricing::coupons::Coupon as Off;
use usage_domain::pricing::flat::{Due, Flat};
use usage_domain::pricing::{Model, Price, Terms};
use usage_domain::subscription::{Subscription, SubscriptionId};
use usage_domain::tax::Tax;
use usage_domain::time::{Month, Timestamp};

pub(crate) fn price() -> impl Strategy<Value = Price> {
    prices::price(prices::ANY)
}

pub(crate) fn key() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9][a-zA-Z0-9_.-]{0,12}"
}

/// A text that people read.
pub(crate) fn words() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9:%\"\\\\ #é日-]{0,20}[a-z]"
}

pub(crate) fn moment() -> impl Strategy<Value = Timestamp> {
    (0..9_000_000_000_000_000_000i64).prop_map(|nanos| Timestamp::from_nanos(nanos).unwrap())
}

pub(crate) fn month() -> impl Strategy<Value = Month> {
    (1970..=2261i16, 1..=12i8).prop_map(|(year, month)| Month::new(year, month).unwrap())
}

pub(crate) fn currency() -> impl Strategy<Value = Currency> {
    prop::sample::select(vec!["USD", "EUR", "JPY", "KWD"]).prop_map(|code| code.parse().unwrap())
}

pub(crate) fn ulid() -> impl Strategy<Value = ulid::Ulid> {
    any::<u128>().prop_map(ulid::Ulid::from)
}

fn whole() -> impl Strategy<Value = Decimal> {
    (0..10_000i64).prop_map(|amount| Decimal::new(amount, 0))
}

fn usage_item() -> impl Strategy<Value = ItemKind> {
    let value = of("[a-z \"é]{0,8}");
    let filters = btree_map("[a-z_]{1,8}", btree_set(value, 1..4), 0..3);
    let details = btree_set("[a-z_]{1,8}", 0..4);
    let usage = price().prop_filter("a flat price has no quantity", |p| !matches!(p.model(), Model::Flat(_)));
    (key(), of(words()), filters, details, usage).prop_map(|(meter, unit, filters, details, price)| {
        let details = details.into_iter().collect();
        ItemKind::Usage(UsageItem { meter, unit, filters, details, price })
    })
}

fn fee() -> impl Strategy<Value = ItemKind> {
    let due = prop::sample::select(vec![Due::InAdvance, Due::InArrears, Due::Once]);
    (prices::figure(0), due, any::<bool>()).prop_map(|(amount, due, prorate)| {
        let price = Price::new(Model::Flat(Flat { amount, due }), Terms::default()).unwrap();
        ItemKind::Fee { price, prorate }
    })
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    let item = (words(), prop_oneof![usage_item(), fee()], of(key()));
    btree_map(key(), item, 0..5).prop_map(|items| {
        let item = |(key, (name, kind, tax_category))| Item { key, name, kind, tax_category };
        items.into_iter().map(item).collect()
    })
}

pub(crate) fn version() -> impl Strategy<Value = PlanVersion> {
    let corrections = prop::sample::select(vec![Corrections::NextBill, Corrections::CreditNote]);
    (1..9u32, moment(), currency(), 0..3660u32, of(whole()), corrections, items()).prop_map(
        |(number, effective_from, currency, trial_days, minimum_amount, corrections, items)| PlanVersion {
            number,
            effective_from,
            currency,
            trial_days,
            minimum_amount,
            corrections,
            items,
        },
    )
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let names = (key(), words(), of(words()));
    (names, currency(), vec(version(), 1..4)).prop_map(|((key, name, description), currency, versions)| {
        let mut plan = Plan { key, name, description, versions };
        plan.versions.sort_by_key(|version| version.effective_from);
        plan.versions.dedup_by_key(|version| version.effective_from);
        for (index, version) in (1..).zip(&mut plan.versions) {
            // Numbers need not be in the order of moments.
            version.number = 10 - index;
            version.currency = currency;
        }
        plan.check().unwrap();
        plan
    })
}

pub(crate) fn subscription() -> impl Strategy<Value = Subscription> {
    let times = (moment(), of(1..1_000_000i64), of(moment()), moment());
    (ulid(), ulid(), key(), of(1..5u32), times, btree_map(key(), price(), 0..3)).prop_map(
        |(id, customer, plan, version, (start, length, trial_end, created_at), overrides)| Subscription {
            id: SubscriptionId(id),
            customer: CustomerId(customer),
            plan,
            version,
            start,
            end: length.map(|nanos| Timestamp::from_nanos(start.nanos() + nanos).unwrap()),
            trial_end,
            overrides,
            created_at,
        },
    )
}

pub(crate) fn tax() -> impl Strategy<Value = Tax> {
    let flags = (any::<bool>(), any::<bool>());
    (key(), words(), 0..=10_000i64, flags, btree_set(key(), 0..3)).prop_map(
        |(key, name, rate, (inclusive, is_default), categories)| Tax {
            key,
            name,
            rate: Decimal::new(rate, 4),
            inclusive,
            categories,
            is_default,
        },
    )
}

pub(crate) fn coupon() -> impl Strategy<Value = Coupon> {
    let percentage = (0..=1000i64).prop_map(|part| (Off::Percentage(Decimal::new(part, 3)), None));
    let fixed = (whole(), currency()).prop_map(|(amount, currency)| (Off::Fixed(amount), Some(currency)));
    (key(), words(), prop_oneof![percentage, fixed], of(1..100u32))
        .prop_map(|(key, name, (off, currency), months)| Coupon { key, name, off, currency, months })
}

pub(crate) fn applied() -> impl Strategy<Value = AppliedCoupon> {
    (coupon(), month()).prop_map(|(coupon, from)| AppliedCoupon { coupon, from })
}

pub(crate) fn account() -> impl Strategy<Value = Account> {
    let taxes = of(btree_set(key(), 0..3));
    (ulid(), taxes, vec(applied(), 0..3)).prop_map(|(customer, taxes, coupons)| Account {
        customer: CustomerId(customer),
        taxes: taxes.map(|taxes| taxes.into_iter().collect()),
        coupons,
    })
}

pub(crate) fn grant() -> impl Strategy<Value = Grant> {
    let times = (moment(), of(1..1_000_000i64), moment());
    let drawn = vec((moment(), 0..=100i64, any::<bool>()), 0..4);
    (ulid(), ulid(), words(), (1..10_000i64, currency()), 0..=1000u32, times, drawn).prop_map(
        |(id, customer, name, (amount, currency), priority, (effective_at, lasts, created_at), drawn)| {
            let amount = Money { amount: Decimal::new(amount, 0), currency };
            let expires_at = lasts.map(|nanos| Timestamp::from_nanos(effective_at.nanos() + nanos).unwrap());
            let granted = Entry { at: created_at, kind: EntryKind::Granted, amount: amount.amount };
            let (id, customer) = (GrantId(id), CustomerId(customer));
            let mut grant = Grant {
                id,
                customer,
                name,
                amount,
                priority,
                effective_at,
                expires_at,
                after_taxes: priority % 2 == 1,
                created_at,
                entries: vec![granted],
            };
            for (at, percent, returns) in drawn {
                let part = grant.balance().unwrap().mul(Decimal::new(percent, 2)).unwrap();
                let part = Money { amount: part, currency }.rounded().unwrap().amount;
                let bill = || "01J00000000000000000000000".to_string();
                grant.add(Entry { at, kind: EntryKind::Drawn(bill()), amount: part.negate() }).unwrap();
                if returns {
                    grant.add(Entry { at, kind: EntryKind::Returned(bill()), amount: part }).unwrap();
                }
            }
            grant
        },
    )
}
