//! Months of all kinds: what was agreed, and what was used.

use crate::build::{charges, consumed, coupon, inputs, item, segment, version};
use crate::prices::{Kinds, consumption, events, figure, price};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use ulid::Ulid;
use usage_domain::bill::{Adjustment, Consumed, Credit, Inputs, Measured};
use usage_domain::coupon::AppliedCoupon;
use usage_domain::credit::GrantId;
use usage_domain::currency::Currency;
use usage_domain::decimal::Decimal;
use usage_domain::plan::Item;
use usage_domain::pricing::{Model, coupons};
use usage_domain::subscription::Segment;
use usage_domain::tax::Tax;
use usage_domain::time::{Period, Timestamp};

/// What was used, before it is known what of.
pub(crate) type Used = (Vec<(usize, Decimal)>, Vec<Vec<(Decimal, u8)>>);

pub(crate) fn currency() -> impl Strategy<Value = Currency> {
    prop::sample::select(vec!["JPY", "USD", "KWD"]).prop_map(|code| code.parse().unwrap())
}

/// Whole minor units.
fn minor(currency: Currency) -> impl Strategy<Value = Decimal> {
    (0..3_000_000i64).prop_map(move |n| Decimal::new(n, currency.minor_digits()))
}

/// A part of the month, in steps of a second.
fn part(month: Period) -> impl Strategy<Value = Period> {
    let seconds = (month.end.nanos() - month.start.nanos()) / 1_000_000_000;
    (0..seconds, 1..=seconds, any::<bool>()).prop_map(move |(from, length, whole)| {
        let at = |second: i64| Timestamp::from_nanos(month.start.nanos() + second * 1_000_000_000).unwrap();
        if whole { month } else { Period { start: at(from), end: at((from + length).min(seconds)) } }
    })
}

fn items(kinds: Kinds) -> impl Strategy<Value = Vec<Item>> {
    let categories = prop::sample::select(vec![None, Some("standard"), Some("reduced")]);
    vec((price(kinds), categories), 0..4).prop_map(|items| {
        let with = |(index, (price, category)): (usize, (_, Option<&str>))| Item {
            tax_category: category.map(String::from),
            ..item(format!("i{index}"), price)
        };
        items.into_iter().enumerate().map(with).collect()
    })
}

fn segments(currency: Currency, month: Period, kinds: Kinds) -> impl Strategy<Value = Vec<Segment>> {
    let one = (part(month), of(minor(currency)), items(kinds), any::<bool>());
    vec(one, 0..3).prop_map(move |stretches| {
        let stretch = |(number, (period, minimum, items, is_first))| Segment {
            is_first,
            ..segment(number, period, version(currency, minimum, items))
        };
        (10..).zip(stretches).map(stretch).collect()
    })
}

pub(crate) fn coupons(currency: Currency) -> impl Strategy<Value = Vec<AppliedCoupon>> {
    let off = prop_oneof![
        (0..=1_000_000i64).prop_map(|part| coupons::Coupon::Percentage(Decimal::new(part, 6))),
        minor(currency).prop_map(coupons::Coupon::Fixed),
    ];
    vec(off.prop_map(move |off| coupon(off, currency)), 0..4)
}

fn credits(currency: Currency) -> impl Strategy<Value = Vec<Credit>> {
    let credit = |(number, (left, after_taxes))| {
        let (grant, name) = (GrantId(Ulid(number)), "paid".into());
        Credit { grant, name, left, after_taxes }
    };
    vec((minor(currency), any::<bool>()), 0..4).prop_map(move |left| (1..).zip(left).map(credit).collect())
}

fn taxes() -> impl Strategy<Value = Vec<Tax>> {
    let categories = prop::sample::select(vec!["", "standard", "reduced"]);
    vec((0..=3000i64, any::<bool>(), categories), 0..3).prop_map(|taxes| {
        let tax = |(index, (rate, inclusive, category)): (usize, (i64, bool, &str))| Tax {
            key: format!("t{index}"),
            name: format!("Tax {index}"),
            rate: Decimal::new(rate, 4),
            inclusive,
            categories: [category].into_iter().filter(|c| !c.is_empty()).map(String::from).collect(),
            is_default: false,
        };
        taxes.into_iter().enumerate().map(tax).collect()
    })
}

fn adjustments(currency: Currency) -> impl Strategy<Value = Vec<Adjustment>> {
    vec((minor(currency), any::<bool>(), taxes()), 0..3).prop_map(move |changes| {
        let earlier = inputs(currency, "2026-10");
        let one = |(index, (amount, less, taxes)): (usize, (Decimal, bool, Vec<Tax>))| {
            let amount = if less { amount.negate() } else { amount };
            Adjustment {
                month: earlier.month,
                period: earlier.period,
                bill: Some("7".into()),
                line: format!("charges/{index}"),
                name: index.to_string(),
                exact: amount.into(),
                amount,
                tax_category: None,
                taxes,
            }
        };
        changes.into_iter().enumerate().map(one).collect()
    })
}

/// What was agreed for October 2026.
pub(crate) fn agreed(kinds: Kinds) -> impl Strategy<Value = Inputs> {
    currency().prop_flat_map(move |currency| {
        let plain = inputs(currency, "2026-10");
        let parts = (
            segments(currency, plain.period, kinds),
            coupons(currency),
            credits(currency),
            taxes(),
            adjustments(currency),
        );
        parts.prop_map(move |(segments, coupons, credits, taxes, adjustments)| Inputs {
            segments,
            coupons,
            credits,
            taxes,
            adjustments,
            ..plain.clone()
        })
    })
}

/// Charges of services, and events for as many items as there may be.
pub(crate) fn used(least: i64) -> impl Strategy<Value = Used> {
    (vec((0..4usize, figure(least)), 0..6), vec(events(least), 6))
}

/// What was used of what was agreed: each item takes the next of the events.
pub(crate) fn measured(inputs: &Inputs, (amounts, events): &Used) -> Measured {
    let mut events = events.iter().cycle();
    let mut of_item = |item: &Item| -> Consumed {
        let events = events.next().unwrap();
        match item.price().model() {
            // A dynamic price is of what the events cost, which nothing else is known about.
            Model::Flat(_) => consumed(item, Default::default()),
            _ => consumed(item, consumption(events)),
        }
    };
    let segments =
        inputs.segments.iter().map(|segment| segment.items.iter().map(&mut of_item).collect()).collect();
    Measured { segments, ..charges(amounts.iter().copied()) }
}
