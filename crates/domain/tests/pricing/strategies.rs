//! Prices and usage of all kinds.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use usage_domain::decimal::Decimal;
use usage_domain::pricing::consumption::Group;
use usage_domain::pricing::conversion::{Operation, UnitConversion};
use usage_domain::pricing::dynamic::Dynamic;
use usage_domain::pricing::flat::{Due, Flat};
use usage_domain::pricing::limits::Limits;
use usage_domain::pricing::matrix::{Matrix, Rate};
use usage_domain::pricing::package::Package;
use usage_domain::pricing::per_unit::PerUnit;
use usage_domain::pricing::percentage::Percentage;
use usage_domain::pricing::tiers::{Tier, Tiers};
use usage_domain::pricing::{Consumption, Model, Price, Terms};
use usage_domain::ratio::Ratio;
use usage_domain::rounding::Mode;

/// Figures from `least` on, in ten-thousandths or coarser.
pub(crate) fn figure(least: i64) -> impl Strategy<Value = Decimal> {
    (least * 1_000_000..2_000_000i64, prop::sample::select(vec![0u8, 1, 2, 4])).prop_map(|(n, scale)| {
        // Coarser figures are smaller ones, so that bounds and quantities meet.
        Decimal::new(n / 10i64.pow(4 - u32::from(scale)), scale)
    })
}

/// What things cost: zero or more, or any sign.
fn price_of(negative: bool) -> BoxedStrategy<Decimal> {
    let zero = Just(Decimal::ZERO);
    if negative {
        prop_oneof![1 => zero, 6 => figure(-1)].boxed()
    } else {
        prop_oneof![1 => zero, 6 => figure(0)].boxed()
    }
}

pub(crate) fn tiers(negative: bool) -> impl Strategy<Value = Tiers> {
    let one = (1..500_000i64, price_of(negative), price_of(negative), of(figure(0)));
    vec(one, 1..6).prop_map(|rows| {
        let last = rows.len() - 1;
        let mut bound = Decimal::ZERO;
        let tier = |(index, (width, unit, flat, cap)): (usize, (i64, Decimal, Decimal, Option<Decimal>))| {
            bound = bound.add(Decimal::new(width, 3)).unwrap();
            Tier { up_to: (index < last).then_some(bound), unit, flat, cap }
        };
        Tiers::new(rows.into_iter().enumerate().map(tier).collect()).unwrap()
    })
}

fn rates() -> impl Strategy<Value = Tiers> {
    tiers(false).prop_map(|tiers| {
        let as_rate = |tier: &Tier| Tier { unit: tier.unit.mul(Decimal::new(1, 5)).unwrap(), ..*tier };
        Tiers::new(tiers.iter().map(as_rate).collect()).unwrap()
    })
}

fn percentage(free: bool) -> impl Strategy<Value = Percentage> {
    let allowances = (of(0..6u64), of(figure(0)));
    (0..100_000i64, price_of(false), allowances, of(figure(0)), of(figure(0))).prop_map(
        move |(rate, fixed_amount, (free_events, free_amount), one, other)| {
            let (least, most) = match (one, other) {
                (Some(a), Some(b)) => (Some(a.min(b)), Some(a.max(b))),
                bounds => bounds,
            };
            Percentage {
                rate: Decimal::new(rate, 5),
                fixed_amount,
                free_events: free_events.filter(|_| free),
                free_amount: free_amount.filter(|_| free),
                min_per_event: least,
                max_per_event: most,
            }
        },
    )
}

pub(crate) fn by(value: u8) -> std::collections::BTreeMap<String, String> {
    [("model".to_string(), value.to_string())].into()
}

fn matrix(negative: bool) -> impl Strategy<Value = Matrix> {
    (vec(price_of(negative), 0..4), price_of(negative)).prop_map(|(units, default)| {
        let rate = |(value, unit_amount)| Rate { values: by(value), unit_amount };
        let rates = (0u8..).zip(units).map(rate).collect();
        Matrix::new(vec!["model".to_string()], rates, Some(default)).unwrap()
    })
}

/// What a generated price may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kinds {
    /// Prices below zero.
    pub(crate) negative: bool,
    /// Volume prices.
    pub(crate) volume: bool,
    /// Prices of which the first units, the first events or the first of the amount are free.
    pub(crate) free: bool,
}

pub(crate) const ANY: Kinds = Kinds { negative: true, volume: true, free: true };

fn model(kinds: Kinds) -> BoxedStrategy<Model> {
    let negative = kinds.negative;
    let due = prop::sample::select(vec![Due::InAdvance, Due::InArrears, Due::Once]);
    let flat = (price_of(negative), due).prop_map(|(amount, due)| Model::Flat(Flat { amount, due }));
    let per_unit = price_of(negative).prop_map(|unit_amount| Model::PerUnit(PerUnit { unit_amount }));
    let package = (1..500_000i64, price_of(negative), figure(0)).prop_map(|(size, amount, free)| {
        Model::Package(Package::new(Decimal::new(size, 3), amount, free).unwrap())
    });
    let dynamic = figure(0).prop_map(|multiplier| Model::Dynamic(Dynamic::new(multiplier).unwrap()));
    let stepped = tiers(negative).prop_map(Model::Graduated);
    let volume = tiers(negative).prop_map(Model::Volume);
    let any = prop_oneof![
        1 => flat,
        1 => per_unit,
        2 => stepped,
        1 => rates().prop_map(Model::GraduatedPercentage),
        1 => package,
        2 => percentage(kinds.free).prop_map(Model::Percentage),
        1 => dynamic,
        1 => matrix(negative).prop_map(Model::Matrix),
    ];
    if kinds.volume { prop_oneof![8 => any, 1 => volume].boxed() } else { any.boxed() }
}

fn conversion() -> impl Strategy<Value = UnitConversion> {
    let operation = prop::sample::select(vec![Operation::Multiply, Operation::Divide]);
    let factor = prop::sample::select(vec!["3", "7", "1000", "0.3", "1.5", "1"]);
    let mode = prop::sample::select(vec![Mode::Ceiling, Mode::Floor, Mode::HalfAwayFromZero]);
    (operation, factor, of((mode, -1i8..3))).prop_map(|(operation, factor, rounding)| {
        UnitConversion::new(operation, factor.parse().unwrap(), rounding).unwrap()
    })
}

/// A price, with whatever goes around it that its model has a use for.
pub(crate) fn price(kinds: Kinds) -> impl Strategy<Value = Price> {
    let limits = (of(0..=100i64), of(figure(0)), of(figure(0)));
    (model(kinds), of(conversion()), of(figure(0)), limits).prop_map(
        move |(model, converts, discount, limits)| {
            let (part, one, other) = limits;
            let (minimum_amount, maximum_amount) = match (one, other) {
                (Some(a), Some(b)) => (Some(a.min(b)), Some(a.max(b))),
                bounds => bounds,
            };
            let percentage_discount = part.map(|percent| Decimal::new(percent, 2));
            let limits = Limits { percentage_discount, minimum_amount, maximum_amount };
            let counts = !matches!(model, Model::Flat(_) | Model::Dynamic(_));
            let exact = matches!(model, Model::Percentage(_));
            let unit_conversion = converts.filter(|c| counts && !(exact && c.rounds()));
            let usage_discount = discount.filter(|_| counts && kinds.free);
            Price::new(model, Terms { unit_conversion, usage_discount, limits }).unwrap()
        },
    )
}

/// Single events: units and the value of a dimension.
pub(crate) fn events(least: i64) -> impl Strategy<Value = Vec<(Decimal, u8)>> {
    vec((figure(least), 0..5u8), 0..12)
}

/// Events as every model looks at them.
pub(crate) fn consumption(events: &[(Decimal, u8)]) -> Consumption {
    let usage = Consumption::of_events(events.iter().map(|(units, _)| *units).collect()).unwrap();
    let group = |(quantity, value): &(Decimal, u8)| Group { values: by(*value), quantity: *quantity };
    Consumption { groups: events.iter().map(group).collect(), ..usage }
}

/// Shares of a period.
pub(crate) fn share() -> impl Strategy<Value = Ratio> {
    (0..=31i64, Just(31i64))
        .prop_map(|(days, all)| Ratio::new(Decimal::new(days, 0), Decimal::new(all, 0)).unwrap())
}
