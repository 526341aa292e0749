//! The same figures through whole bills: commitments as prices of items and as minimums of plans, coupons
//! and credits over lines, fees for a share of the month.

use crate::build::{charges, consumed, coupon, inputs, item, segment, version};
use crate::{Compared, compare, d, figure, figures, prices};
use serde_json::Value;
use std::collections::BTreeMap;
use ulid::Ulid;
use usage_domain::bill::{Bill, Credit, Inputs, Line, Measured, Source};
use usage_domain::credit::GrantId;
use usage_domain::currency::Currency;
use usage_domain::customer::CustomerId;
use usage_domain::decimal::Decimal;
use usage_domain::plan::Plan;
use usage_domain::pricing::coupons::Coupon;
use usage_domain::pricing::flat::{Due, Flat};
use usage_domain::pricing::limits::Limits;
use usage_domain::pricing::{Consumption, Model, Price, Terms};
use usage_domain::subscription::{Subscription, SubscriptionId};
use usage_domain::time::Timestamp;

/// Which vectors are asked of bills, and how.
fn ask(id: &str, vector: &Value) -> Option<Compared> {
    let (input, expected) = (&vector["input"], &vector["expected"]);
    let kind = vector["kind"].as_str().unwrap();
    let peer: Vec<&str> = id.split('/').take(2).collect();
    Some(match (kind, &*peer) {
        ("commitment", _) => commitment(&vector["price"], input, expected),
        (_, ["meteroid", "coupons"]) => coupons(input, expected),
        (_, ["meteroid", "discount_split"]) => split(input, expected),
        (_, ["meteroid", "arrears_proration"]) => proration(input, expected),
        (_, ["openmeter", "credits"]) => credits(input, expected),
        _ => return None,
    })
}

#[test]
fn what_peers_expect_of_commitments_coupons_credits_and_shares_comes_out_of_bills() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("partial.json")).unwrap();
    let (mut asked, mut differing) = (BTreeMap::new(), Vec::new());
    for vector in &vectors {
        let id = vector["id"].as_str().unwrap();
        let Some(answer) = ask(id, vector) else { continue };
        *asked.entry(vector["kind"].as_str().unwrap()).or_insert(0) += 1;
        differing.extend(answer.err().map(|difference| format!("{id}: {difference}")));
    }
    assert!(differing.is_empty(), "{differing:#?}");
    assert_eq!(asked, [("commitment", 30), ("credit", 2), ("discount", 8), ("price", 4)].into());
}

#[test]
fn a_figure_that_is_changed_is_noticed_by_bills_too() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("partial.json")).unwrap();
    let mut changed = 0;
    for mut vector in vectors {
        let id = vector["id"].as_str().unwrap().to_string();
        for name in ["amount", "discount_minor"] {
            let Some(expected) = figure(&vector["expected"][name]) else { continue };
            vector["expected"][name] = expected.add(Decimal::new(1, 0)).unwrap().to_string().into();
            if let Some(answer) = ask(&id, &vector) {
                assert!(answer.is_err(), "{id}: {name} may be another");
                changed += 1;
            }
        }
    }
    assert_eq!(changed, 34);
}

/// The bill of one item of a plan in January 2025, for all of the month.
fn bill(price: Price, used: Decimal, minimum: Option<Decimal>) -> Bill {
    let plain = inputs(Currency::USD, "2025-01");
    let items = vec![item("units", price)];
    let consumed = vec![consumed(&items[0], Consumption::of(used))];
    let stretch = segment(1, plain.period, version(Currency::USD, minimum, items));
    let inputs = Inputs { segments: vec![stretch], ..plain };
    Bill::rate(&inputs, Measured { segments: vec![consumed], ..Measured::default() }).unwrap()
}

/// A bill is of a whole month. A part of one costs what the bill grew by with it; until the last part it is
/// without its minimum.
fn commitment(price: &Value, input: &Value, expected: &Value) -> Compared {
    let position = input["line_position"].as_str().unwrap_or("single");
    let ended = matches!(position, "single" | "last");
    let price = prices::read_price(price, input);
    let before = prices::before(&price, input, position).map(|before| before.quantity);
    let used = figure(&input["quantity"]).unwrap().add(before.unwrap_or_default()).unwrap();
    let limits = price.terms().limits;
    let without = Limits { minimum_amount: None, ..limits };
    let without = Price::new(price.model().clone(), Terms { limits: without, ..*price.terms() }).unwrap();
    let earlier = before.map_or(Decimal::ZERO, |used| {
        // What a volume price comes to is known at the end: nothing was billed of it before.
        let volume = matches!(price.model(), Model::Volume(_));
        if volume { Decimal::ZERO } else { bill(without.clone(), used, None).total.amount }
    });
    let grown = |bill: &Bill| bill.total.amount.sub(earlier).unwrap();
    let by_price = bill(if ended { price } else { without.clone() }, used, None);
    let by_plan = bill(without, used, limits.minimum_amount.filter(|_| ended));
    if grown(&by_price) != grown(&by_plan) {
        return Err(format!("{} by the price, {} by the plan", by_price.total, by_plan.total));
    }
    let lines = expected["lines"].as_array().into_iter().flatten();
    let missing =
        lines.filter(|line| line["category"] == "minimum_spend").filter_map(|line| figure(&line["amount"]));
    let missing = missing.fold(Decimal::ZERO, |sum, amount| sum.add(amount).unwrap());
    let minimums = by_plan.lines.iter().filter(|line| matches!(line.source, Source::Minimum { .. }));
    let shown = minimums.map(|line| line.amount).fold(Decimal::ZERO, |sum, amount| sum.add(amount).unwrap());
    if shown != missing {
        return Err(format!("{shown} is missing to the minimum, not {missing}"));
    }
    compare(expected, &[("amount", grown(&by_price))])
}

fn priced(inputs: &Inputs, amounts: &[Decimal]) -> Bill {
    Bill::rate(inputs, charges(amounts.iter().copied().enumerate())).unwrap()
}

/// So many minor units of a currency.
fn in_units(minor: Decimal, currency: Currency) -> Decimal {
    minor.mul(Decimal::new(1, currency.minor_digits())).unwrap()
}

fn coupons(input: &Value, expected: &Value) -> Compared {
    let currency: Currency = input["currency"].as_str().unwrap().parse().unwrap();
    let off = |off: &Value| match off["type"].as_str().unwrap() {
        "percentage" => Coupon::Percentage(figure(&off["rate"]).unwrap()),
        _ => Coupon::Fixed(figure(&off["amount"]).unwrap()),
    };
    let given = input["coupons"].as_array().unwrap().iter();
    let coupons = given.map(|given| coupon(off(given), currency)).collect();
    let inputs = Inputs { coupons, ..inputs(currency, "2025-01") };
    let subtotal = in_units(figure(&input["subtotal_minor"]).unwrap(), currency);
    let bill = priced(&inputs, &[subtotal]);
    let minor = bill.lines[0].discount.mul(d("100")).unwrap();
    assert_eq!(currency, Currency::USD);
    compare(expected, &[("discount_minor", minor)])
}

fn split(input: &Value, expected: &Value) -> Compared {
    let minor =
        |values: &Value| figures(values).into_iter().map(|n| in_units(n, Currency::USD)).collect::<Vec<_>>();
    let off = in_units(figure(&input["discount_minor"]).unwrap(), Currency::USD);
    let coupons = vec![coupon(Coupon::Fixed(off), Currency::USD)];
    let inputs = Inputs { coupons, ..inputs(Currency::USD, "2025-01") };
    same_lines(
        &priced(&inputs, &minor(&input["lines_minor"])),
        |line| line.total,
        &minor(&expected["lines_minor"]),
    )
}

/// What lines have been paid of already are credits that come first.
fn credits(input: &Value, expected: &Value) -> Compared {
    let lines = input["lines"].as_array().unwrap();
    let amount =
        |line: &Value| figure(&line["unit_amount"]).unwrap().mul(figure(&line["quantity"]).unwrap()).unwrap();
    let amounts: Vec<Decimal> = lines.iter().map(amount).collect();
    let paid = |line: &Value| figures(&line["credits"]);
    let sum = |figures: Vec<Decimal>| figures.into_iter().fold(Decimal::ZERO, |sum, n| sum.add(n).unwrap());
    // No credit of a bill pays a line twice: what was paid too much is a line below zero with what it paid.
    let first = lines.iter().zip(&amounts).map(|(line, amount)| sum(paid(line)).min(*amount));
    let given = first.chain(figures(&input["credits"])).filter(|credit| !credit.is_zero());
    let credit = |(number, left)| {
        let (grant, name) = (GrantId(Ulid(number)), "paid".into());
        Credit { grant, name, left, after_taxes: false }
    };
    let inputs =
        Inputs { credits: (1..).zip(given).map(credit).collect(), ..inputs(Currency::USD, "2025-01") };
    let bill = priced(&inputs, &amounts);
    let wanted = expected["lines"].as_array().unwrap().iter().zip(&amounts);
    let wanted: Vec<Decimal> = wanted.map(|(line, amount)| sum(paid(line)).min(*amount)).collect();
    same_lines(&bill, |line| line.credit, &wanted)
}

fn same_lines(bill: &Bill, figure: fn(&Line) -> Decimal, wanted: &[Decimal]) -> Compared {
    let shown: Vec<Decimal> = bill.lines.iter().map(figure).collect();
    if shown == wanted { Ok(vec!["lines"]) } else { Err(format!("lines are {shown:?}, not {wanted:?}")) }
}

/// A fee of 31 a month costs what the share of January is of it.
fn proration(input: &Value, expected: &Value) -> Compared {
    let day = |name: &str| -> Option<Timestamp> {
        Some(format!("{}T00:00:00Z", input[name].as_str()?).parse().unwrap())
    };
    let plain = inputs(Currency::USD, "2025-01");
    assert_eq!((day("from"), day("to")), (Some(plain.period.start), Some(plain.period.end)));
    let fee = Model::Flat(Flat { amount: d("31"), due: Due::InArrears });
    let items = vec![item("base", Price::new(fee, Terms::default()).unwrap())];
    let plan = Plan {
        key: "pro".into(),
        name: "Pro".into(),
        description: None,
        versions: vec![version(Currency::USD, None, items)],
    };
    let subscription = Subscription {
        id: SubscriptionId(Ulid(1)),
        customer: CustomerId(Ulid(1)),
        plan: plan.key.clone(),
        version: None,
        start: day("effective_from").unwrap_or(Timestamp::MIN),
        end: day("effective_to"),
        trial_end: None,
        overrides: [].into(),
        created_at: Timestamp::MIN,
    };
    let stretch = subscription.segment(&plan, &plain.period, &plain.customer.zone);
    let measured = stretch.iter().map(|_| vec![Default::default()]).collect();
    let inputs = Inputs { segments: stretch.into_iter().collect(), ..plain };
    let bill = Bill::rate(&inputs, Measured { segments: measured, ..Measured::default() }).unwrap();
    let factor = expected["proration_factor"].as_str().unwrap_or("0");
    let wanted = factor.strip_suffix("/31").map_or_else(|| d(factor).mul(d("31")).unwrap(), d);
    if bill.total.amount == wanted {
        Ok(vec!["proration_factor"])
    } else {
        Err(format!("{}, not {wanted}", bill.total))
    }
}
