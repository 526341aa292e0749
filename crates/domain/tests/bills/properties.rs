//! Sums, bounds and corrections of any bill.

use crate::build::charges;
use crate::prices::{ANY, Kinds};
use crate::strategies::{agreed, measured, used};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use usage_domain::bill::{Bill, Billed, Inputs, Line, Measured, Source, adjustments};
use usage_domain::decimal::Decimal;
use usage_domain::money::Money;
use usage_domain::ratio::Ratio;

fn rate(inputs: &Inputs, measured: Measured) -> Bill {
    Bill::rate(inputs, measured).unwrap_or_else(|error| panic!("{error}"))
}

fn sum(figures: impl IntoIterator<Item = Decimal>) -> Decimal {
    figures.into_iter().fold(Decimal::ZERO, |sum, figure| sum.add(figure).unwrap())
}

fn is_own(line: &&Line) -> bool {
    !matches!(line.source, Source::Adjustment { .. })
}

fn net(line: &Line) -> Decimal {
    line.amount.sub(line.discount).unwrap().sub(line.credit).unwrap()
}

fn billed(bill: &Bill) -> BTreeMap<String, (String, Billed)> {
    let own = bill.lines.iter().filter(is_own);
    own.map(|line| (line.key.clone(), (line.name.clone(), Billed::of(line).unwrap()))).collect()
}

const NEVER_CHEAPER: Kinds = Kinds { negative: false, volume: false, free: true };

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_figure_of_a_bill_is_the_sum_of_its_lines(inputs in agreed(ANY), used in used(-1)) {
        let bill = rate(&inputs, measured(&inputs, &used));
        let of_lines = |figure: fn(&Line) -> Decimal| sum(bill.lines.iter().map(figure));
        prop_assert_eq!(bill.total.amount, of_lines(|line| line.total));
        prop_assert_eq!(bill.subtotal.amount, of_lines(|line| line.amount));
        prop_assert_eq!(bill.exact, Ratio::sum(bill.lines.iter().map(|line| line.exact)).unwrap());
        let discounts = sum(bill.discounts.iter().map(|off| off.amount));
        let paid = |after: bool| bill.credits.iter().filter(move |by| by.after_taxes == after).map(|by| by.amount);
        let (credits, settled) = (sum(paid(false)), sum(paid(true)));
        prop_assert_eq!(discounts, of_lines(|line| line.discount));
        prop_assert_eq!(credits, of_lines(|line| line.credit));
        prop_assert_eq!(settled, of_lines(|line| line.settled));
        let added = sum(bill.taxes.iter().filter(|tax| !tax.inclusive).map(|tax| tax.amount));
        let in_all = bill.subtotal.amount.sub(discounts).unwrap().sub(credits).unwrap().add(added).unwrap();
        prop_assert_eq!(bill.total.amount, in_all.sub(settled).unwrap());
        let of_line = |line: &Line| sum(line.taxes.iter().map(|tax| tax.amount));
        prop_assert_eq!(sum(bill.taxes.iter().map(|tax| tax.amount)), sum(bill.lines.iter().map(of_line)));
        let currency = bill.total.currency;
        for line in &bill.lines {
            let exclusive = sum(line.taxes.iter().filter(|tax| !tax.inclusive).map(|tax| tax.amount));
            prop_assert_eq!(line.total, net(line).add(exclusive).unwrap().sub(line.settled).unwrap());
            let taxes = line.taxes.iter().map(|tax| tax.amount);
            for amount in [line.amount, line.discount, line.credit, line.settled, line.total].into_iter().chain(taxes) {
                prop_assert!((Money { amount, currency }).is_whole(), "{amount} {currency}");
            }
        }
        let keys: BTreeSet<&str> = bill.lines.iter().map(|line| line.key.as_str()).collect();
        prop_assert_eq!(keys.len(), bill.lines.len());
    }

    #[test]
    fn coupons_and_credits_take_off_what_there_is_and_no_more(inputs in agreed(ANY), used in used(-1)) {
        let bill = rate(&inputs, measured(&inputs, &used));
        for line in &bill.lines {
            let most = if is_own(&line) { line.amount.max(Decimal::ZERO) } else { Decimal::ZERO };
            prop_assert!(!line.discount.is_negative() && line.discount <= most);
            let payable = line.amount.sub(line.discount).unwrap().max(Decimal::ZERO);
            prop_assert!(!line.credit.is_negative() && line.credit <= payable);
        }
        let own = sum(bill.lines.iter().filter(is_own).map(|line| line.amount));
        prop_assert!(sum(bill.lines.iter().map(|line| line.discount)) <= own.max(Decimal::ZERO));
        let drawn = |grant| sum(bill.credits.iter().filter(|by| by.grant == grant).map(|by| by.amount));
        let left = |after: bool| {
            let of = inputs.credits.iter().filter(|credit| credit.after_taxes == after);
            sum(of.map(|credit| credit.left.sub(drawn(credit.grant)).unwrap()))
        };
        prop_assert!(inputs.credits.iter().all(|credit| drawn(credit.grant) <= credit.left));
        let to_pay = sum(bill.lines.iter().map(net));
        let before = sum(bill.lines.iter().map(|line| line.amount.sub(line.discount).unwrap()));
        if before.is_negative() {
            prop_assert_eq!(to_pay, before);
        } else {
            let left = left(false);
            prop_assert!(!to_pay.is_negative() && (to_pay.is_zero() || left.is_zero()), "{to_pay} and {left}");
        }
        // After taxes: nobody is owed what credits pay, and whoever has credit owes nothing.
        let (total, settled) = (bill.total.amount, sum(bill.lines.iter().map(|line| line.settled)));
        prop_assert!(bill.lines.iter().all(|line| !line.settled.is_negative()));
        prop_assert!(settled.is_zero() || !total.is_negative());
        prop_assert!(total <= Decimal::ZERO || left(true).is_zero(), "{total}");
    }

    #[test]
    fn a_tax_is_within_half_a_minor_unit_of_what_it_is_on_each_line(inputs in agreed(ANY), used in used(-1)) {
        let bill = rate(&inputs, measured(&inputs, &used));
        let half = Ratio::from(Decimal::new(5, bill.total.currency.minor_digits() + 1));
        for line in bill.lines.iter().filter(is_own) {
            let of = |key: &str| inputs.taxes.iter().find(|tax| tax.key == key).unwrap();
            let included = sum(line.taxes.iter().filter(|tax| tax.inclusive).map(|tax| of(&tax.tax).rate));
            let whole = sum([Decimal::new(1, 0), included]);
            for tax in &line.taxes {
                let exact = Ratio::new(net(line).mul(of(&tax.tax).rate).unwrap(), whole).unwrap();
                let off = exact.sub(tax.amount.into()).unwrap();
                prop_assert!(off.compare(half).unwrap().is_le() && off.negate().compare(half).unwrap().is_le());
            }
        }
    }

    #[test]
    fn the_order_in_which_charges_are_found_changes_no_amount(
        inputs in agreed(ANY), (used, shuffled) in used(-1).prop_flat_map(|(charges, events)| {
            let shuffled = Just(charges.clone()).prop_shuffle();
            (Just((charges, events.clone())), (shuffled, Just(events)))
        }),
    ) {
        let figures = |bill: Bill| {
            let lines = bill.lines.into_iter();
            lines.map(|line| (line.key, line.exact, line.amount, line.total)).collect::<Vec<_>>()
        };
        let bill = rate(&inputs, measured(&inputs, &used));
        prop_assert_eq!(figures(bill), figures(rate(&inputs, measured(&inputs, &shuffled))));
    }

    #[test]
    fn more_usage_never_costs_less(inputs in agreed(NEVER_CHEAPER), some in used(0), more in used(0)) {
        // Taxes are rounded on each line, over which coupons are split anew.
        let inputs = Inputs { taxes: vec![], adjustments: vec![], ..inputs };
        let of = |charges: Vec<(usize, Decimal)>, events: &dyn Fn(usize) -> Vec<(Decimal, u8)>| {
            let all = (charges, (0..some.1.len()).map(events).collect());
            rate(&inputs, measured(&inputs, &all))
        };
        let less = of(some.0.clone(), &|index| some.1[index].clone());
        let charges = some.0.iter().chain(&more.0).copied().collect();
        let all = of(charges, &|index| [&*some.1[index], &*more.1[index]].concat());
        prop_assert!(less.subtotal.amount <= all.subtotal.amount);
        prop_assert!(less.total.amount <= all.total.amount, "{} and then {}", less.total, all.total);
    }

    #[test]
    fn what_was_billed_with_its_adjustments_is_the_bill_anew(
        inputs in agreed(ANY), was in used(-1), changes in prop::collection::vec(used(-1), 1..4),
    ) {
        let bill = rate(&inputs, measured(&inputs, &was));
        let mut so_far = billed(&bill);
        for now in changes {
            let anew = rate(&inputs, measured(&inputs, &now));
            let changed = adjustments(&anew, &inputs, Some("1"), so_far.clone()).unwrap();
            prop_assert!(changed.windows(2).all(|pair| pair[0].line < pair[1].line));
            for by in &changed {
                prop_assert!(!by.amount.is_zero());
                let entry = so_far.entry(by.line.clone()).or_insert((by.name.clone(), Billed::NOTHING));
                entry.1 = entry.1.plus(Billed { exact: by.exact, amount: by.amount }).unwrap();
            }
            let now = billed(&anew);
            let keys: BTreeSet<&String> = so_far.keys().chain(now.keys()).collect();
            for key in keys {
                let amount = |of: &BTreeMap<String, (String, Billed)>| {
                    of.get(key).map_or(Decimal::ZERO, |(_, billed)| billed.amount)
                };
                prop_assert_eq!(amount(&so_far), amount(&now), "{}", key);
            }
            // The lines of the next bill are these to the minor unit, whatever coupons that has.
            let next = Inputs { segments: vec![], adjustments: changed.clone(), ..inputs.clone() };
            let next = rate(&next, Measured::default());
            let lines: Vec<Decimal> = next.lines.iter().map(|line| line.amount).collect();
            prop_assert_eq!(lines, changed.iter().map(|by| by.amount).collect::<Vec<_>>());
            prop_assert!(next.discounts.is_empty());
            prop_assert!(adjustments(&anew, &inputs, Some("1"), so_far.clone()).unwrap().is_empty());
        }
    }

    #[test]
    fn taxes_of_an_adjustment_are_those_of_the_bill_anew_but_for_one_rounding(
        inputs in agreed(ANY), was in used(-1), now in used(-1),
    ) {
        // Credits come before taxes, and adjustments leave what they paid as it is.
        let inputs = Inputs { credits: vec![], adjustments: vec![], ..inputs };
        let (bill, anew) = (rate(&inputs, measured(&inputs, &was)), rate(&inputs, measured(&inputs, &now)));
        let changed = adjustments(&anew, &inputs, Some("1"), billed(&bill)).unwrap();
        let next = Inputs { segments: vec![], coupons: vec![], taxes: vec![], adjustments: changed, ..inputs };
        let next = rate(&next, Measured::default());
        let taxes = |bill: &Bill, key: &str, of: &str| {
            let line = bill.lines.iter().find(|line| line.key == key);
            let taxes = line.into_iter().flat_map(|line| &line.taxes);
            sum(taxes.filter(|tax| tax.tax == of).map(|tax| tax.amount))
        };
        let most = Decimal::new(1, bill.total.currency.minor_digits());
        for line in bill.lines.iter().chain(&anew.lines) {
            for tax in &line.taxes {
                let adjusted = taxes(&next, &format!("adjustment/2026-10/1/{}", line.key), &tax.tax);
                let all = taxes(&bill, &line.key, &tax.tax).add(adjusted).unwrap();
                let off = all.sub(taxes(&anew, &line.key, &tax.tax)).unwrap();
                // Three roundings, of which the sum is of whole minor units.
                prop_assert!(off.max(off.negate()) <= most, "{off} of {}", line.key);
            }
        }
    }

    #[test]
    fn a_bill_of_charges_is_one_without_anything_agreed(used in used(-1)) {
        let plain = crate::build::inputs("USD".parse().unwrap(), "2026-10");
        let usage = usage_domain::usage::Usage { position: Default::default(), groups: charges(used.0.clone()).charges };
        let bill = Bill::of_charges(&plain.customer, plain.month, usage).unwrap();
        prop_assert_eq!(bill, rate(&plain, measured(&plain, &used)));
    }
}
