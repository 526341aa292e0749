//! Months that are cut into stretches, and stretches that add up to months.

use crate::build::{consumed, inputs, item, segment, version};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use ulid::Ulid;
use usage_domain::bill::{Bill, Inputs, Measured};
use usage_domain::currency::Currency;
use usage_domain::customer::CustomerId;
use usage_domain::decimal::Decimal;
use usage_domain::plan::{Item, Plan, PlanVersion};
use usage_domain::pricing::flat::{Due, Flat};
use usage_domain::pricing::per_unit::PerUnit;
use usage_domain::pricing::{Consumption, Model, Price, Terms};
use usage_domain::proration::share;
use usage_domain::ratio::Ratio;
use usage_domain::subscription::{Subscription, SubscriptionId};
use usage_domain::time::{Month, Period, Timestamp, Zone};

const NANOS: i64 = 1_000_000_000;

fn zone() -> impl Strategy<Value = Zone> {
    let zones = vec![
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Asia/Kathmandu",
        "America/Sao_Paulo",
    ];
    prop::sample::select(zones).prop_map(|name| name.parse().unwrap())
}

/// A moment of 2023 to 2026, now and then the first of a month in UTC.
fn moment() -> impl Strategy<Value = Timestamp> {
    let any = (1_672_531_200 * NANOS..1_798_761_600 * NANOS)
        .prop_map(|nanos| Timestamp::from_nanos(nanos).unwrap());
    let first = (2023..2027i16, 1..=12i8)
        .prop_map(|(year, month)| Month::new(year, month).unwrap().period(&Zone::utc()).start);
    prop_oneof![2 => any, 1 => first]
}

fn plan() -> impl Strategy<Value = Plan> {
    vec((moment(), 0..70u32), 0..4).prop_map(|later| {
        let version = |(from, days)| PlanVersion {
            number: 0,
            effective_from: from,
            trial_days: days,
            ..version(Currency::USD, None, vec![])
        };
        let mut versions: Vec<PlanVersion> =
            std::iter::once((Timestamp::MIN, 0)).chain(later).map(version).collect();
        versions.sort_by_key(|version| version.effective_from);
        versions.dedup_by_key(|version| version.effective_from);
        let mut plan = Plan { key: "pro".into(), name: "Pro".into(), description: None, versions };
        plan.check().unwrap();
        plan
    })
}

fn subscription(start: Timestamp, end: Option<Timestamp>, trial_end: Option<Timestamp>) -> Subscription {
    Subscription {
        id: SubscriptionId(Ulid(1)),
        customer: CustomerId(Ulid(1)),
        plan: "pro".into(),
        version: None,
        start,
        end,
        trial_end,
        overrides: [].into(),
        created_at: Timestamp::MIN,
    }
}

/// Every month from 2022 to 2029.
fn months() -> impl Iterator<Item = Month> {
    (2022..2030).flat_map(|year| (1..=12).map(move |month| Month::new(year, month).unwrap()))
}

fn fee(amount: Decimal) -> Price {
    Price::new(Model::Flat(Flat { amount, due: Due::InArrears }), Terms::default()).unwrap()
}

fn bill(inputs: &Inputs, units: &[Decimal]) -> Bill {
    let of = |(units, items): (&Decimal, &Vec<Item>)| {
        items.iter().map(|item| consumed(item, Consumption::of(*units))).collect()
    };
    let items = inputs.segments.iter().map(|segment| &segment.items);
    let segments = units.iter().zip(items).map(of).collect();
    Bill::rate(inputs, Measured { segments, ..Measured::default() }).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_month_in_stretches_costs_at_prices_by_the_unit_what_it_costs_whole(
        cuts in vec((1..2_678_400_000_000_000i64, -1_000_000..9_000_000i64), 0..6),
        first in -1_000_000..9_000_000i64, amount in -99_999..999_999i64, unit in 0..999_999i64,
    ) {
        let plain = inputs(Currency::USD, "2026-10");
        let unit_amount = Decimal::new(unit, 6);
        let per_unit = Price::new(Model::PerUnit(PerUnit { unit_amount }), Terms::default()).unwrap();
        let items = vec![item("base", fee(Decimal::new(amount, 2))), item("calls", per_unit)];
        let mut cuts: Vec<(i64, i64)> = cuts.into_iter().chain([(0, first)]).collect();
        cuts.sort_unstable();
        cuts.dedup_by_key(|(at, _)| *at);
        let at = |nanos: i64| Timestamp::from_nanos(plain.period.start.nanos() + nanos).unwrap();
        let ends = cuts.iter().skip(1).map(|(at, _)| *at).chain([2_678_400_000_000_000]);
        let stretches = cuts.iter().zip(ends).zip(1..).map(|(((from, _), to), number)| {
            let period = Period { start: at(*from), end: at(to) };
            segment(number, period, version(Currency::USD, None, items.clone()))
        });
        let in_parts = Inputs { segments: stretches.collect(), ..plain.clone() };
        prop_assert_eq!(in_parts.segments.last().unwrap().period.end, plain.period.end);
        let units: Vec<Decimal> = cuts.iter().map(|(_, units)| Decimal::new(*units, 3)).collect();
        let all = units.iter().fold(Decimal::ZERO, |sum, units| sum.add(*units).unwrap());
        let whole = segment(1, plain.period, version(Currency::USD, None, items.clone()));
        let at_once = Inputs { segments: vec![whole], ..plain };
        let (parts, whole) = (bill(&in_parts, &units), bill(&at_once, &[all]));
        prop_assert_eq!(parts.exact, whole.exact);
        // Each line is rounded by itself: half a cent at most.
        let lines = i64::try_from(parts.lines.len() + whole.lines.len()).unwrap();
        let off = parts.total.amount.sub(whole.total.amount).unwrap();
        prop_assert!(off.max(off.negate()) <= Decimal::new(lines * 5, 3), "{} and {}", parts.total, whole.total);
    }

    #[test]
    fn the_stretches_of_a_subscription_are_all_of_it_without_its_trial_and_the_first_is_first(
        plan in plan(), zone in zone(), start in moment(), length in of(1..90_000_000i64), trial_end in of(moment()),
    ) {
        let end = length.and_then(|seconds| Timestamp::from_nanos(start.nanos() + seconds * NANOS));
        let of = subscription(start, end, trial_end);
        of.check(&plan).unwrap();
        let trial = plan.version_at(start).unwrap().trial_days;
        let billed_from = trial_end.unwrap_or_else(|| start.plus_days(trial, &zone)).max(start);
        let mut next = billed_from;
        let mut first = 0;
        for month in months() {
            let period = month.period(&zone);
            let Some(stretch) = of.segment(&plan, &period, &zone) else { continue };
            prop_assert_eq!(stretch.period.start, next, "{} begins where the one before ended", month);
            prop_assert!(stretch.period.start < stretch.period.end && stretch.period.end <= period.end);
            prop_assert_eq!(&stretch.version, plan.version_at(stretch.period.start).unwrap());
            prop_assert_eq!(stretch.is_first, stretch.period.start == billed_from);
            first += usize::from(stretch.is_first);
            next = stretch.period.end;
        }
        let all = end.unwrap_or_else(|| Month::new(2029, 12).unwrap().period(&zone).end);
        prop_assert_eq!(next, all.max(billed_from));
        prop_assert_eq!(first, usize::from(billed_from < all));
    }

    #[test]
    fn whoever_changes_the_plan_pays_for_every_moment_once(
        zone in zone(), start in moment(), mut changes in vec(moment(), 0..4),
    ) {
        let plan = Plan {
            key: "pro".into(),
            name: "Pro".into(),
            description: None,
            versions: vec![version(Currency::USD, None, vec![item("base", fee(Decimal::new(1, 0)))])],
        };
        changes.push(start);
        changes.sort_unstable();
        changes.dedup();
        let ends = changes.iter().skip(1).map(|end| Some(*end)).chain([None]);
        let subscriptions: Vec<Subscription> =
            changes.iter().zip(ends).map(|(start, end)| subscription(*start, end, None)).collect();
        for month in months() {
            let period = month.period(&zone);
            let stretches = subscriptions.iter().filter_map(|of| of.segment(&plan, &period, &zone));
            let shares = stretches.map(|stretch| share(&period, &stretch.period).unwrap().unwrap());
            let there = Period { start: changes[0], end: Timestamp::MAX };
            let all = share(&period, &there).unwrap().unwrap_or(Ratio::ZERO);
            prop_assert_eq!(Ratio::sum(shares).unwrap(), all, "{}", month);
        }
    }
}
