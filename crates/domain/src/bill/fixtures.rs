//! What the tables of bills are written with. Everything is in November 2026 in UTC.

use super::{Bill, BillError, Consumed, Credit, Inputs, Line, Measured};
use crate::charge::ChargeGroup;
use crate::coupon::{AppliedCoupon, Coupon};
use crate::credit::GrantId;
use crate::customer::{Customer, CustomerDraft, CustomerId};
use crate::decimal::Decimal;
use crate::plan::{Item, ItemKind, PlanVersion, UsageItem};
use crate::pricing::flat::{Due, Flat};
use crate::pricing::per_unit::PerUnit;
use crate::pricing::{Consumption, Model, Price, Terms, coupons};
use crate::subscription::{Segment, SubscriptionId};
use crate::tax::Tax;
use crate::time::{Period, Timestamp};
use crate::usage::Totals;

pub(crate) fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(super) fn customer(currency: &str) -> Customer {
    let draft = CustomerDraft::named("Bob");
    Customer {
        id: CustomerId(ulid::Ulid(1)),
        number: 456,
        key: None,
        name: draft.name,
        currency: currency.parse().unwrap(),
        zone: draft.zone,
        subjects: vec![],
        profile: draft.profile,
        created_at: Timestamp::MIN,
        updated_at: Timestamp::MIN,
    }
}

pub(super) fn inputs(currency: &str) -> Inputs {
    Inputs::plain(customer(currency), "2026-11".parse().unwrap())
}

/// A charge of each amount, of the services `A`, `B` and so on.
pub(super) fn charges(amounts: &[&str]) -> Measured {
    let group = |(letter, amount): (char, &&str)| {
        let group = ChargeGroup {
            service: letter.into(),
            description: None,
            unit: None,
            unit_price: None,
            currency: None,
            has_quantity: false,
        };
        (group, Totals { changes: 1, events: 1, quantity: Decimal::ZERO, amount: d(amount) })
    };
    Measured { charges: ('A'..).zip(amounts).map(group).collect(), ..Measured::default() }
}

/// Units of each item of each stretch, `-` for a fee.
pub(super) fn used(segments: &[&[&str]]) -> Measured {
    let consumed = |units: &&str| match *units {
        "-" => Consumed::default(),
        units => Consumed { consumption: Consumption::of(d(units)), events: 1, details: vec![] },
    };
    let segments = segments.iter().map(|items| items.iter().map(consumed).collect()).collect();
    Measured { segments, ..Measured::default() }
}

/// An item from `key kind amount [category]`; the kind is `fee`, `whole` (a fee that is not prorated),
/// `once`, or `units`.
pub(crate) fn item(row: &str) -> Item {
    let words: Vec<&str> = row.split_whitespace().collect();
    let amount = d(words[2]);
    let flat = |due| Price::new(Model::Flat(Flat { amount, due }), Terms::default()).unwrap();
    let kind = match words[1] {
        "fee" => ItemKind::Fee { price: flat(Due::InAdvance), prorate: true },
        "whole" => ItemKind::Fee { price: flat(Due::InArrears), prorate: false },
        "once" => ItemKind::Fee { price: flat(Due::Once), prorate: true },
        "units" => ItemKind::Usage(UsageItem {
            meter: words[0].into(),
            unit: None,
            filters: [].into(),
            details: vec![],
            price: Price::new(Model::PerUnit(PerUnit { unit_amount: amount }), Terms::default()).unwrap(),
        }),
        other => panic!("{other}"),
    };
    let tax_category = words.get(3).map(|category| (*category).to_string());
    Item { key: words[0].into(), name: words[0].into(), kind, tax_category }
}

/// A stretch of November from a day on to the first moment of another, of the items in `rows`.
pub(super) fn segment(number: u128, days: (i64, i64), minimum: Option<&str>, rows: &[&str]) -> Segment {
    let first: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    let day = |day: i64| Timestamp::from_nanos(first.nanos() + (day - 1) * 86_400_000_000_000).unwrap();
    let items: Vec<Item> = rows.iter().map(|row| item(row)).collect();
    Segment {
        subscription: SubscriptionId(ulid::Ulid(number)),
        plan: "pro".into(),
        plan_name: "Pro".into(),
        version: version(1, "1970-01-01T00:00:00Z", 0, minimum, &items),
        period: Period { start: day(days.0), end: day(days.1) },
        is_first: false,
        items,
    }
}

pub(crate) fn version(
    number: u32,
    from: &str,
    trial_days: u32,
    minimum: Option<&str>,
    items: &[Item],
) -> PlanVersion {
    PlanVersion {
        number,
        effective_from: from.parse().unwrap(),
        currency: "USD".parse().unwrap(),
        trial_days,
        minimum_amount: minimum.map(d),
        corrections: Default::default(),
        items: items.to_vec(),
    }
}

/// Coupons from `10%` and `5` (of the currency).
pub(super) fn coupons(currency: &str, texts: &[&str]) -> Vec<AppliedCoupon> {
    let coupon = |text: &&str| {
        let (off, currency) = match text.strip_suffix('%') {
            Some(percent) => (coupons::Coupon::Percentage(d(percent).mul(Decimal::new(1, 2)).unwrap()), None),
            None => (coupons::Coupon::Fixed(d(text)), Some(currency.parse().unwrap())),
        };
        let coupon = Coupon { key: (*text).into(), name: (*text).into(), off, currency, months: None };
        AppliedCoupon { coupon, from: "2026-01".parse().unwrap() }
    };
    texts.iter().map(coupon).collect()
}

pub(super) fn credits(amounts: &[&str]) -> Vec<Credit> {
    let credit = |(number, left): (u128, &&str)| Credit {
        grant: GrantId(ulid::Ulid(number)),
        name: "prepaid".into(),
        left: d(left),
        after_taxes: false,
    };
    (1..).zip(amounts).map(credit).collect()
}

/// Credits that pay after taxes.
pub(super) fn settling(amounts: &[&str]) -> Vec<Credit> {
    credits(amounts).into_iter().map(|credit| Credit { after_taxes: true, ..credit }).collect()
}

/// Taxes from `19` (percent) and `=19`, which amounts have in them already; `19 reduced` is of a category.
pub(super) fn taxes(texts: &[&str]) -> Vec<Tax> {
    let tax = |text: &&str| {
        let (percent, category) = text.split_once(' ').map_or((*text, None), |(p, c)| (p, Some(c)));
        Tax {
            key: (*text).into(),
            name: (*text).into(),
            rate: d(percent.trim_start_matches('=')).mul(Decimal::new(1, 2)).unwrap(),
            inclusive: percent.starts_with('='),
            categories: category.map(String::from).into_iter().collect(),
            is_default: false,
        }
    };
    texts.iter().map(tax).collect()
}

pub(super) fn rate(inputs: &Inputs, measured: Measured) -> Bill {
    try_rate(inputs, measured).unwrap_or_else(|error| panic!("{error}"))
}

pub(super) fn try_rate(inputs: &Inputs, measured: Measured) -> Result<Bill, BillError> {
    Bill::rate(inputs, measured)
}

/// A figure of each line.
pub(super) fn each(bill: &Bill, figure: impl Fn(&Line) -> Decimal) -> Vec<String> {
    bill.lines.iter().map(|line| figure(line).to_string()).collect()
}

/// Each line as `key amount`, the number of the subscription instead of its id.
pub(super) fn shown(bill: &Bill) -> Vec<String> {
    let key = |line: &Line| {
        let parts = line.key.split('/').map(|part| match part.parse::<SubscriptionId>() {
            Ok(id) => id.0.0.to_string(),
            Err(_) => part.to_string(),
        });
        parts.collect::<Vec<_>>().join("/")
    };
    bill.lines.iter().map(|line| format!("{} {}", key(line), line.amount)).collect()
}
