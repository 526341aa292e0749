//! Discounts and credits over several lines.

use crate::{Compared, compare, figure, figures};
use serde_json::Value;
use usage_domain::currency::Currency;
use usage_domain::decimal::Decimal;
use usage_domain::money::Money;
use usage_domain::pricing::coupons::{self, Coupon};
use usage_domain::pricing::credits::draw;
use usage_domain::pricing::split;
use usage_domain::pricing::usage_discount::UsageDiscount;
use usage_domain::pricing::{Category, Line};
use usage_domain::ratio::Ratio;

/// Lines that credits have paid a part of already.
pub(crate) fn credits(input: &Value, expected: &Value) -> Compared {
    let ratios = |values: &Value| figures(values).into_iter().map(Ratio::from).collect::<Vec<_>>();
    let line = |(slot, line): (usize, &Value)| {
        let [quantity, unit_amount] =
            ["quantity", "unit_amount"].map(|name| Ratio::from(figure(&line[name]).unwrap()));
        Line {
            category: Category::Usage,
            slot,
            quantity,
            unit_amount: Some(unit_amount),
            rate: None,
            flat_amount: None,
            amount: quantity.mul(unit_amount).unwrap(),
            discounts: Vec::new(),
            credits: ratios(&line["credits"]),
        }
    };
    let mut lines: Vec<Line> = input["lines"].as_array().unwrap().iter().enumerate().map(line).collect();
    let left = draw(&mut lines, &ratios(&input["credits"])).unwrap();
    assert!(left.is_zero(), "{left} is left over");
    let paid: Vec<Vec<Ratio>> = lines.into_iter().map(|line| line.credits).collect();
    let wanted: Vec<Vec<Ratio>> =
        expected["lines"].as_array().unwrap().iter().map(|line| ratios(&line["credits"])).collect();
    if paid == wanted { Ok(vec!["lines"]) } else { Err(format!("credits are {paid:?}, not {wanted:?}")) }
}

/// Free units of a period, used up by what came before the part first.
pub(crate) fn usage(input: &Value, expected: &Value) -> Compared {
    let mut discount = UsageDiscount::new(figure(&input["usage_discount"]));
    let mut take = |name: &str| {
        let quantity = figure(&input[name]).unwrap();
        let paid = discount.take(quantity.into()).unwrap().as_decimal().unwrap();
        (paid, quantity.sub(paid).unwrap())
    };
    let (before, free_before) = take("pre_line_quantity");
    let (paid, free) = take("quantity");
    let figures = [
        ("quantity", paid),
        ("pre_line_quantity", before),
        ("discounted_quantity", free),
        ("pre_line_discounted_quantity", free_before),
    ];
    compare(expected, &figures)
}

pub(crate) fn coupons(input: &Value, expected: &Value) -> Compared {
    let currency: Currency = input["currency"].as_str().unwrap().parse().unwrap();
    let minor = Decimal::new(1, currency.minor_digits());
    let coupon = |coupon: &Value| match coupon["type"].as_str().unwrap() {
        "percentage" => Coupon::Percentage(figure(&coupon["rate"]).unwrap()),
        "fixed" => Coupon::Fixed(figure(&coupon["amount"]).unwrap()),
        other => panic!("{other}"),
    };
    let coupons: Vec<Coupon> = input["coupons"].as_array().unwrap().iter().map(coupon).collect();
    let subtotal = figure(&input["subtotal_minor"]).unwrap().mul(minor).unwrap();
    let amount = coupons::discount(subtotal, &coupons).unwrap();
    let rounded = Money { amount, currency }.rounded().unwrap().amount;
    let in_minor = Ratio::new(rounded, minor).unwrap().as_decimal().unwrap();
    compare(expected, &[("discount_minor", in_minor)])
}

pub(crate) fn split(input: &Value, expected: &Value) -> Compared {
    let lines = figures(&input["lines_minor"]);
    let off = split::split(figure(&input["discount_minor"]).unwrap(), &lines, 0).unwrap();
    let left: Vec<Decimal> = lines.iter().zip(off).map(|(line, off)| line.sub(off).unwrap()).collect();
    let wanted = figures(&expected["lines_minor"]);
    if left == wanted { Ok(vec!["lines_minor"]) } else { Err(format!("lines are {left:?}, not {wanted:?}")) }
}
