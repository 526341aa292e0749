//! The properties themselves.

use crate::strategies::{ANY, Kinds, consumption, events, figure, price, share, tiers};
use proptest::prelude::*;
use usage_domain::currency::Currency;
use usage_domain::decimal::Decimal;
use usage_domain::pricing::flat::{Due, Flat};
use usage_domain::pricing::per_unit::PerUnit;
use usage_domain::pricing::tiers::{Tier, Tiers};
use usage_domain::pricing::{Consumption, Line, Model, Part, Price, Rating, Stage, Terms};
use usage_domain::proration;
use usage_domain::ratio::Ratio;
use usage_domain::rounding::{Mode, round};
use usage_domain::time::{Period, Timestamp};

fn whole(price: &Price, usage: &Consumption) -> Rating {
    price.rate(&Part::whole(usage), Currency::USD, &[]).unwrap()
}

fn sum(figures: impl IntoIterator<Item = Ratio>) -> Ratio {
    Ratio::sum(figures).unwrap()
}

fn total(lines: &[Line]) -> Ratio {
    sum(lines.iter().map(|line| line.total().unwrap()))
}

/// What `events` cost when they are rated after each of `cuts`, part by part: exact and rounded.
fn in_parts(price: &Price, events: &[(Decimal, u8)], cuts: &[usize], share: Ratio) -> (Ratio, Decimal) {
    let (mut exact, mut rounded) = (Ratio::ZERO, Decimal::ZERO);
    let mut before: Option<Consumption> = None;
    for (index, cut) in cuts.iter().enumerate() {
        let stage = if index + 1 == cuts.len() { Stage::Ended } else { Stage::Running };
        let usage = consumption(&events[..*cut]);
        let part = Part { usage: &usage, before: before.as_ref(), stage, share };
        let rating = price.rate(&part, Currency::USD, &[]).unwrap();
        assert_eq!(total(&rating.lines), rating.amount, "a part is the sum of its lines");
        exact = exact.add(rating.amount).unwrap();
        rounded = rounded.add(rating.rounded.amount).unwrap();
        before = Some(usage);
    }
    (exact, rounded)
}

const NEVER_CHEAPER: Kinds = Kinds { negative: false, volume: false, free: true };
const NO_ALLOWANCE: Kinds = Kinds { free: false, ..ANY };

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_amount_is_the_sum_of_its_lines_and_rounded_once(
        price in price(ANY), used in events(-1), code in prop::sample::select(vec!["JPY", "USD", "KWD"]),
    ) {
        let currency: Currency = code.parse().unwrap();
        let usage = consumption(&used);
        let rating = price.rate(&Part::whole(&usage), currency, &[]).unwrap();
        prop_assert_eq!(total(&rating.lines), rating.amount);
        prop_assert_eq!(rating.gross.sub(rating.discount).unwrap(), rating.amount);
        prop_assert_eq!(sum(rating.lines.iter().map(|line| line.amount)), rating.gross);
        let digits = i8::try_from(currency.minor_digits()).unwrap();
        prop_assert_eq!(rating.rounded.amount, round(rating.amount, Mode::HalfAwayFromZero, digits).unwrap());
        let off = rating.amount.sub(rating.rounded.amount.into()).unwrap();
        let half = Ratio::from(Decimal::new(5, currency.minor_digits() + 1));
        prop_assert!(off.compare(half).unwrap().is_le() && off.negate().compare(half).unwrap().is_le());
    }

    #[test]
    fn credits_pay_what_they_are_and_never_more_than_there_is(
        price in price(ANY), used in events(-1), credits in prop::collection::vec(figure(0), 0..4),
    ) {
        let usage = consumption(&used);
        let payable = whole(&price, &usage);
        let given = sum(credits.iter().map(|credit| Ratio::from(*credit)));
        match price.rate(&Part::whole(&usage), Currency::USD, &credits) {
            Ok(rating) => {
                prop_assert_eq!(rating.credit, given);
                prop_assert_eq!(total(&rating.lines), payable.amount.sub(given).unwrap());
                for line in rating.lines.iter().filter(|line| !line.credits.is_empty()) {
                    prop_assert!(!line.total().unwrap().is_negative());
                }
            }
            Err(_) => {
                let could_be_paid = payable.lines.iter().map(|line| line.total().unwrap());
                let most = sum(could_be_paid.filter(|total| total.is_positive()));
                prop_assert!(given.compare(most).unwrap().is_gt());
            }
        }
    }

    #[test]
    fn no_quantity_falls_between_tiers(tiers in tiers(true), quantity in figure(-1), near in any::<prop::sample::Index>(), side in -1i64..=1) {
        let bounds: Vec<Decimal> = tiers.iter().filter_map(|tier| tier.up_to).collect();
        let mut tried = vec![quantity];
        if !bounds.is_empty() {
            // At a bound, and the smallest step to either side of it.
            tried.push(near.get(&bounds).add(Decimal::new(side, 18)).unwrap());
        }
        for quantity in tried {
            let parts = tiers.split(quantity.into()).unwrap();
            prop_assert_eq!(sum(parts.iter().copied()), Ratio::from(quantity));
            let (index, tier) = tiers.of(quantity.into()).unwrap();
            prop_assert_eq!(index + 1, parts.len(), "it is in the last tier that it reaches");
            let lower = index.checked_sub(1).map(|before| bounds[before]);
            prop_assert!(lower.is_none_or(|lower| lower < quantity) && tier.up_to.is_none_or(|up_to| quantity <= up_to));
        }
    }

    #[test]
    fn rating_a_period_at_once_equals_rating_it_in_parts(
        price in price(ANY), used in events(-1), share in share(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(used.len() + 1)).collect();
        cuts.push(used.len());
        cuts.sort_unstable();
        let at_once = in_parts(&price, &used, &[used.len()], share);
        prop_assert_eq!(in_parts(&price, &used, &cuts, share), at_once);
    }

    #[test]
    fn more_usage_never_costs_less(price in price(NEVER_CHEAPER), used in events(0), more in events(0)) {
        let less = whole(&price, &consumption(&used)).amount;
        let all: Vec<_> = used.into_iter().chain(more).collect();
        let more = whole(&price, &consumption(&all)).amount;
        prop_assert!(less.compare(more).unwrap().is_le(), "{less} and then {more}");
    }

    #[test]
    fn the_order_of_events_does_not_matter_where_none_is_free(
        price in price(NO_ALLOWANCE), (used, shuffled) in events(0).prop_flat_map(|used| (Just(used.clone()), Just(used).prop_shuffle())),
    ) {
        prop_assert_eq!(whole(&price, &consumption(&used)), whole(&price, &consumption(&shuffled)));
    }

    #[test]
    fn the_parts_of_a_fee_add_up_to_it(amount in figure(-1), cuts in prop::collection::vec(0..2_678_400_000_000_000i64, 0..5)) {
        let price = Price::new(Model::Flat(Flat { amount, due: Due::InAdvance }), Terms::default()).unwrap();
        let start = 1_700_000_000_000_000_000;
        let at = |nanos: i64| Timestamp::from_nanos(start + nanos).unwrap();
        let period = Period { start: at(0), end: at(2_678_400_000_000_000) };
        let mut cuts: Vec<i64> = cuts.into_iter().chain([0, 2_678_400_000_000_000]).collect();
        cuts.sort_unstable();
        let fees = cuts.windows(2).filter_map(|pair| {
            let active = Period { start: at(pair[0]), end: at(pair[1]) };
            let share = proration::share(&period, &active).unwrap()?;
            let usage = Consumption::default();
            let part = Part { share, ..Part::whole(&usage) };
            Some(price.rate(&part, Currency::USD, &[]).unwrap().amount)
        });
        prop_assert_eq!(sum(fees), Ratio::from(amount));
    }

    /// A second opinion: units one by one, in whole cents.
    #[test]
    fn graduated_tiers_agree_with_counting_unit_by_unit(
        rows in prop::collection::vec((1..40i64, -50..500i64, 0..500i64), 1..5), quantity in 0..200i64,
    ) {
        let last = rows.len() - 1;
        let (mut cents, mut lower) = (0, 0);
        let mut tiers = Vec::new();
        for (index, (width, unit, flat)) in rows.into_iter().enumerate() {
            let upper = if index == last { i64::MAX } else { lower + width };
            let units = (1..=quantity).filter(|unit| lower < *unit && *unit <= upper).count();
            cents += i64::try_from(units).unwrap() * unit;
            cents += if index == 0 || units > 0 { flat } else { 0 };
            let up_to = (index < last).then(|| Decimal::new(upper, 0));
            tiers.push(Tier { up_to, unit: Decimal::new(unit, 2), flat: Decimal::new(flat, 2), cap: None });
            lower = upper;
        }
        let price = Price::new(Model::Graduated(Tiers::new(tiers).unwrap()), Terms::default()).unwrap();
        let rating = whole(&price, &Consumption::of(Decimal::new(quantity, 0)));
        prop_assert_eq!(rating.rounded.amount, Decimal::new(cents, 2));
    }
}

#[test]
fn more_usage_costs_less_only_where_the_model_says_so() {
    let tier = |up_to: Option<i64>, unit| Tier {
        up_to: up_to.map(|bound| Decimal::new(bound, 0)),
        unit: Decimal::new(unit, 0),
        flat: Decimal::ZERO,
        cap: None,
    };
    let tiers = Tiers::new(vec![tier(Some(10), 2), tier(None, 1)]).unwrap();
    for (model, cheaper) in [
        (Model::Volume(tiers.clone()), true),
        (Model::Graduated(tiers), false),
        (Model::PerUnit(PerUnit { unit_amount: Decimal::new(-1, 0) }), true),
    ] {
        let price = Price::new(model, Terms::default()).unwrap();
        let of = |units| whole(&price, &Consumption::of(Decimal::new(units, 0))).amount;
        assert_eq!(of(11).compare(of(10)).unwrap().is_lt(), cheaper, "{price:?}");
    }
}
