//! The inputs of bills, of all kinds.

use crate::plans::{applied, currency, key, moment, month, price, subscription, tax, ulid, version, words};
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use usage_api::bill::BillInputs;
use usage_domain::bill::{Adjustment, Credit, Inputs};
use usage_domain::credit::GrantId;
use usage_domain::customer::{Customer, CustomerId, PaidSubject, Profile};
use usage_domain::decimal::Decimal;
use usage_domain::meter::{Aggregation, Dimension, Meter, MeterDraft, MeterId};
use usage_domain::plan::Plan;
use usage_domain::ratio::Ratio;
use usage_domain::subscription::Segment;
use usage_domain::time::{Period, Timestamp, Zone};

pub(crate) fn zone() -> impl Strategy<Value = Zone> {
    prop::sample::select(vec!["UTC", "Europe/Berlin", "Asia/Kathmandu"])
        .prop_map(|name| name.parse().unwrap())
}

fn customer() -> impl Strategy<Value = Customer> {
    let names = (1..1_000_000u64, of(words()), words());
    let json = || of(prop::sample::select(vec!["{}", "{\"city\":\"Köln\"}", "{ \"n\" : 1.10 }"]));
    let profile = (of(words()), of(words()), json(), json());
    let billing = (currency(), zone(), vec("[a-z:é]{1,9}", 0..3));
    (ulid(), names, billing, profile, (moment(), moment())).prop_map(
        |(id, (number, key, name), (currency, zone, subjects), profile, (created_at, updated_at))| Customer {
            id: CustomerId(id),
            number,
            key,
            name,
            currency,
            zone,
            subjects,
            profile: Profile {
                description: profile.0,
                primary_email: profile.1,
                billing_address: profile.2.map(str::to_string),
                metadata: profile.3.map(str::to_string),
            },
            created_at,
            updated_at,
        },
    )
}

fn period() -> impl Strategy<Value = Period> {
    (moment(), of(1..1_000_000i64)).prop_map(|(start, length)| {
        let end = length.map(|nanos| Timestamp::from_nanos(start.nanos() + nanos).unwrap());
        Period { start, end: end.unwrap_or(Timestamp::MAX) }
    })
}

/// A stretch of a subscription to a plan, with the customer's own prices for some of its items.
fn segment() -> impl Strategy<Value = Segment> {
    let own = of((any::<prop::sample::Index>(), price()));
    (subscription(), version(), words(), period(), any::<bool>(), own).prop_map(
        |(subscription, version, name, period, is_first, own)| {
            let mut items = version.items.clone();
            if let Some((index, price)) = own.filter(|_| !items.is_empty()) {
                let item = index.get_mut(&mut items);
                *item = item.clone().with_price(price);
            }
            let (subscription, plan) = (subscription.id, subscription.plan);
            let plan = Plan { key: plan, name, description: None, versions: Vec::new() };
            Segment { subscription, plan: plan.key, plan_name: plan.name, version, period, is_first, items }
        },
    )
}

/// Fractions as they come from shares of long months: many digits, and denominators that are no power of ten.
fn exact() -> impl Strategy<Value = Ratio> {
    let whole = |n: i64| Decimal::new(n, 0);
    let factor = (any::<i64>(), 1..=i64::from(i32::MAX));
    vec(factor, 1..3).prop_map(move |factors| {
        let one = |(n, d): (i64, i64)| Ratio::new(Decimal::new(n, 9), whole(d)).unwrap();
        factors.into_iter().map(one).fold(Ratio::ONE, |product, factor| product.mul(factor).unwrap())
    })
}

fn adjustment() -> impl Strategy<Value = Adjustment> {
    let names = (of(key()), words(), words(), of(key()));
    (month(), period(), names, exact(), any::<i64>(), vec(tax(), 0..2)).prop_map(
        |(month, period, (bill, line, name, tax_category), exact, amount, taxes)| {
            let amount = Decimal::new(amount, 2);
            Adjustment { month, period, bill, line, name, exact, amount, tax_category, taxes }
        },
    )
}

pub(crate) fn definition() -> impl Strategy<Value = MeterDraft> {
    let kind = prop::sample::select(Aggregation::ALL.to_vec());
    let dimensions = btree_map("d[a-z_]{0,6}", prop::sample::select(vec!["$.a", "$['b c'].d"]), 0..3);
    let texts = (of(words()), of(words()), of(prop::sample::select(vec!["{\"team\":\"é\"}"])));
    ("[a-z0-9]{1,8}", kind, dimensions, texts, of(moment())).prop_map(
        |(key, (aggregation, _), dimensions, texts, event_from)| {
            let (name, description, metadata) = texts;
            let path = (aggregation != Aggregation::Count).then(|| "$.tokens".parse().unwrap());
            let dimension = |(name, path): (String, &str)| Dimension { name, path: path.parse().unwrap() };
            MeterDraft {
                key,
                name,
                description,
                aggregation,
                event_type: "prompt".to_string(),
                value_property: path,
                dimensions: dimensions.into_iter().map(dimension).collect(),
                event_from,
                metadata: metadata.map(str::to_string),
            }
        },
    )
}

fn meter() -> impl Strategy<Value = Meter> {
    (ulid(), any::<u32>(), definition(), (moment(), moment())).prop_map(
        |(id, series, draft, (created_at, updated_at))| Meter {
            id: MeterId(id),
            series,
            draft,
            created_at,
            updated_at,
        },
    )
}

pub(crate) fn inputs() -> impl Strategy<Value = BillInputs> {
    let credit = (ulid(), words(), 0..1_000_000i64).prop_map(|(id, name, left)| Credit {
        after_taxes: left % 2 == 1,
        grant: GrantId(id),
        name,
        left: Decimal::new(left, 2),
    });
    let paid = (words(), period()).prop_map(|(subject, period)| PaidSubject { subject, period });
    let agreed = (vec(applied(), 0..3), vec(credit, 0..3), vec(tax(), 0..3), vec(adjustment(), 0..3));
    let around = (vec(paid, 0..3), vec(meter(), 0..3));
    (customer(), month(), period(), vec(segment(), 0..3), agreed, around).prop_map(
        |(customer, month, period, segments, (coupons, credits, taxes, adjustments), (subjects, meters))| {
            let inputs = Inputs { customer, month, period, segments, coupons, credits, taxes, adjustments };
            BillInputs { inputs, subjects, meters }
        },
    )
}
