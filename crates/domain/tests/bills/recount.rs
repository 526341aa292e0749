//! A second opinion: a plan with free units, tiers, a fee, a minimum, coupons and a tax, counted in
//! fractions of whole numbers, without anything of the domain.

use crate::build::{consumed, coupon, inputs, item, segment, version};
use proptest::collection::vec;
use proptest::prelude::*;
use usage_domain::bill::{Bill, Inputs, Measured};
use usage_domain::currency::Currency;
use usage_domain::decimal::Decimal;
use usage_domain::pricing::flat::{Due, Flat};
use usage_domain::pricing::tiers::{Tier, Tiers};
use usage_domain::pricing::{Consumption, Model, Price, Terms, coupons::Coupon};
use usage_domain::tax::Tax;
use usage_domain::time::{Period, Timestamp};

/// A month of 30 days. Amounts are cents where nothing else is said.
#[derive(Debug, Clone)]
struct Month {
    /// Thousandths of units, and the same of which nothing is paid for.
    used: i128,
    free: i128,
    /// How many units a tier has (the last one has all others), hundredths of a cent for one of them, and
    /// an amount for being in it.
    tiers: Vec<(i128, i128, i128)>,
    fee: i128,
    minimum: i128,
    /// The days that the subscription is there, from one to another.
    days: (i128, i128),
    /// Thousandths that a coupon takes off, and the amount that another does.
    off: (i128, i128),
    /// Thousandths of tax.
    tax: i128,
}

fn month() -> impl Strategy<Value = Month> {
    let tiers = vec((1..300i128, 0..20_000i128, 0..1_000i128), 1..5);
    let usage = (0..1_000_000i128, prop_oneof![Just(0), 0..300_000i128], tiers);
    let fixed = (0..10_000i128, 0..30_000i128, 0..30i128, 1..=30i128);
    let after = (0..=1000i128, prop_oneof![Just(0), 0..9_000i128], 0..400i128);
    (usage, fixed, after).prop_map(
        |((used, free, tiers), (fee, minimum, from, length), (part, fixed, tax))| Month {
            used,
            free,
            tiers,
            fee,
            minimum,
            days: (from, (from + length).min(30)),
            off: (part, fixed),
            tax,
        },
    )
}

/// The next whole number, halves away from zero.
fn nearest(numerator: i128, denominator: i128) -> i128 {
    (2 * numerator.abs() + denominator) / (2 * denominator) * numerator.signum()
}

impl Month {
    /// What is owed for each line: usage, fee, what is missing to the minimum.
    fn recount(&self) -> Vec<i128> {
        let days = self.days.1 - self.days.0;
        // Hundred-thousandths of a cent, for thousandths of units at hundredths of a cent.
        let mut usage = 0;
        let (mut left, paid) = ((self.used - self.free).max(0), (self.used - self.free).max(0));
        for (index, (units, price, flat)) in self.tiers.iter().enumerate() {
            let last = index + 1 == self.tiers.len();
            let here = if last { left } else { left.min(units * 1000) };
            if index == 0 || here > 0 {
                usage += here * price + flat * 100_000;
            }
            left -= here;
        }
        assert!(left == 0 && paid >= 0);
        let mut lines = vec![nearest(usage, 100_000), nearest(self.fee * days, 30)];
        let missing = nearest(self.minimum * days, 30) - lines[0] - lines[1];
        lines.push(missing.max(0));
        let subtotal: i128 = lines.iter().sum();
        let after_part = subtotal * (1000 - self.off.0);
        let rest = (after_part - self.off.1 * 1000).max(0);
        let off = nearest(subtotal * 1000 - rest, 1000);
        let parts = in_proportion(off, &lines);
        let taxed = |(line, off): (&i128, i128)| line - off + nearest((line - off) * self.tax, 1000);
        lines.iter().zip(parts).map(taxed).collect()
    }

    fn price(&self) -> Price {
        let mut bound = 0;
        let last = self.tiers.len() - 1;
        let tier = |(index, (units, price, flat)): (usize, &(i128, i128, i128))| {
            bound += units;
            Tier {
                up_to: (index < last).then(|| figure(bound, 0)),
                unit: figure(*price, 4),
                flat: figure(*flat, 2),
                cap: None,
            }
        };
        let tiers = Tiers::new(self.tiers.iter().enumerate().map(tier).collect()).unwrap();
        let terms = Terms { usage_discount: Some(figure(self.free, 3)), ..Terms::default() };
        Price::new(Model::Graduated(tiers), terms).unwrap()
    }

    fn bill(&self) -> Bill {
        let plain = inputs(Currency::USD, "2026-11");
        let fee = Flat { amount: figure(self.fee, 2), due: Due::InAdvance };
        let fee = Price::new(Model::Flat(fee), Terms::default()).unwrap();
        let items = vec![item("calls", self.price()), item("base", fee)];
        let day = |day: i128| {
            let nanos = i64::try_from(day * 86_400_000_000_000).unwrap();
            Timestamp::from_nanos(plain.period.start.nanos() + nanos).unwrap()
        };
        let period = Period { start: day(self.days.0), end: day(self.days.1) };
        let used = Consumption::of(figure(self.used, 3));
        let used = items.iter().map(|item| consumed(item, used.clone())).collect();
        let stretch = segment(1, period, version(Currency::USD, Some(figure(self.minimum, 2)), items));
        let tax = Tax {
            key: "vat".into(),
            name: "VAT".into(),
            rate: figure(self.tax, 3),
            inclusive: false,
            categories: [].into(),
            is_default: true,
        };
        let off = [Coupon::Fixed(figure(self.off.1, 2)), Coupon::Percentage(figure(self.off.0, 3))];
        let inputs = Inputs {
            segments: vec![stretch],
            coupons: off.map(|off| coupon(off, Currency::USD)).into(),
            taxes: vec![tax],
            ..plain
        };
        Bill::rate(&inputs, Measured { segments: vec![used], ..Measured::default() }).unwrap()
    }
}

/// An amount over lines: each its part rounded down, and what is then left to those that lost most.
fn in_proportion(amount: i128, lines: &[i128]) -> Vec<i128> {
    let all: i128 = lines.iter().sum::<i128>().max(1);
    let mut parts: Vec<i128> = lines.iter().map(|line| amount * line / all).collect();
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(amount * lines[*index] % all));
    let left = usize::try_from(amount - parts.iter().sum::<i128>()).unwrap();
    for index in &order[..left] {
        parts[*index] += 1;
    }
    parts
}

fn figure(number: i128, digits: u8) -> Decimal {
    Decimal::new(i64::try_from(number).unwrap(), digits)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn a_month_counted_by_itself_comes_to_the_same_cent(month in month()) {
        let (bill, recount) = (month.bill(), month.recount());
        prop_assert_eq!(bill.total.amount, figure(recount.iter().sum(), 2), "{:#?}", bill.lines);
        // Lines of nothing at all are on neither.
        let lines: Vec<Decimal> =
            bill.lines.iter().map(|line| line.total).filter(|total| !total.is_zero()).collect();
        let recount = recount.into_iter().filter(|total| *total != 0);
        prop_assert_eq!(lines, recount.map(|cents| figure(cents, 2)).collect::<Vec<_>>());
    }
}
