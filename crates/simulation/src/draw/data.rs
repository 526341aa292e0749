//! The data of events: charges of few groups, so that they add up, what meters measure, and what cannot
//! be billed or measured.

use crate::dice::Dice;
use crate::figure::{Figure, ONE};
use crate::model::sent::{Data, Fact};
use std::collections::BTreeMap;

/// Data of an event, most often a charge.
pub(crate) fn draw(dice: &mut Dice) -> Data {
    let mut facts = match dice.below(20) {
        0 => return Data::Absent,
        1 => return Data::Object(BTreeMap::new()),
        2 => unusable(dice),
        3..8 => [("amount", amount(dice))].into(),
        _ => [("quantity", small(dice)), ("unit_price", small(dice))].into(),
    };
    if dice.percent(10) {
        facts.insert("amount", amount(dice));
    }
    label(&mut facts, dice, "service", &["Compute", "Storage", "7", ""]);
    label(&mut facts, dice, "description", &["eu", "us"]);
    label(&mut facts, dice, "unit", &["hours", "GB"]);
    if dice.percent(30) {
        let code = *dice.pick(&["USD", "EUR", "JPY", "KWD"]);
        facts.insert("currency", Fact::Label(code.to_string()));
    }
    if dice.percent(20) {
        facts.insert("note", Fact::Odd(dice.pick::<&str>(&["[1,{\"a\":null}]", "true", "null", "{}"])));
    }
    Data::Object(facts)
}

/// Data of an event that meters measure, most often in full.
pub(crate) fn metered(dice: &mut Dice) -> Data {
    if dice.percent(3) {
        return Data::Absent;
    }
    let mut facts = BTreeMap::new();
    if dice.percent(95) {
        facts.insert("value", value(dice));
    }
    if dice.percent(70) {
        facts.insert("model", dimension(dice, &["m1", "m2", "m1", ""]));
    }
    if dice.percent(60) {
        facts.insert("region", dimension(dice, &["eu", "us"]));
    }
    if dice.percent(40) {
        let inner = [("value", value(dice)), ("region", dimension(dice, &["eu", "us"]))];
        facts.insert("usage", Fact::Nested(inner.into()));
    }
    Data::Object(facts)
}

/// What a meter adds up, most often a figure.
fn value(dice: &mut Dice) -> Fact {
    let text = |text: &str| Fact::Label(text.to_string());
    match dice.below(40) {
        0 => text("NaN"),
        1 => text("-Infinity"),
        2 => text("much"),
        3 => text(""),
        4 => Fact::Odd(dice.pick::<&str>(&["true", "[1]", "{}", "null", "1e400"])),
        5..9 => amount(dice),
        9..15 => fact(Figure(-ONE * i128::from(dice.between(1, 5))), dice),
        // Of few values, so that extremes are shared and texts are counted once.
        _ => fact(Figure(ONE / 2 * i128::from(dice.below(8))), dice),
    }
}

/// What usage is told apart by.
fn dimension(dice: &mut Dice, from: &[&str]) -> Fact {
    match dice.below(25) {
        0 => Fact::Odd(dice.pick::<&str>(&["true", "[1]", "{}", "null", "1e400"])),
        1 | 2 => Fact::Figure(Figure(ONE * 3 / 2)),
        3 => Fact::FigureText(Figure(ONE * 3 / 2), "1.50".to_string()),
        _ => Fact::Label((*dice.pick(from)).to_string()),
    }
}

/// Data that is no unambiguous JSON object.
pub(crate) fn broken(dice: &mut Dice) -> Data {
    Data::Broken(dice.pick::<&str>(&[
        "{\"amount\":1,\"amount\":1}",
        "{\"amount\":",
        "{\"amount\":01}",
        "{'amount':1}",
    ]))
}

/// Other data than this.
pub(crate) fn other(dice: &mut Dice, data: &Data) -> Data {
    let mut facts = if let Data::Object(facts) = data { facts.clone() } else { BTreeMap::new() };
    let before = facts.get("amount").cloned();
    while facts.get("amount") == before.as_ref() {
        facts.insert("amount", amount(dice));
    }
    Data::Object(facts)
}

fn label(facts: &mut BTreeMap<&'static str, Fact>, dice: &mut Dice, name: &'static str, from: &[&str]) {
    if dice.percent(60) {
        let text = (*dice.pick(from)).to_string();
        facts.insert(name, Fact::Label(text));
    }
}

/// A figure as a number, or now and then as a text.
fn fact(figure: Figure, dice: &mut Dice) -> Fact {
    if dice.percent(20) { Fact::FigureText(figure, figure.spelled(dice)) } else { Fact::Figure(figure) }
}

fn amount(dice: &mut Dice) -> Fact {
    let figure = match dice.below(10) {
        0 => Figure(0),
        1 => Figure(1),
        // Half a cent, half a yen.
        2 => Figure(ONE / 200 * i128::from(dice.between(1, 9))),
        3 => Figure(10i128.pow(33) - 1),
        4 => Figure(-i128::from(dice.next() >> 1)),
        5 => Figure(ONE * i128::from(dice.below(1000))),
        _ => Figure(ONE / 10_000 * i128::from(dice.below(100_000_000))),
    };
    fact(figure, dice)
}

/// A quantity or a unit price: at most 9 digits after the point.
fn small(dice: &mut Dice) -> Fact {
    let figure = match dice.below(6) {
        0 => Figure(0),
        1 => Figure(ONE / 1_000_000_000),
        2 => Figure(ONE * i128::from(dice.between(1, 5))),
        3 => Figure(ONE / 1_000_000_000 * i128::from(dice.below(1 << 40))),
        _ => Figure(ONE / 4 * i128::from(dice.between(1, 8))),
    };
    fact(figure, dice)
}

/// What a charge cannot be read from.
fn unusable(dice: &mut Dice) -> BTreeMap<&'static str, Fact> {
    let text = |text: &str| Fact::Label(text.to_string());
    let one = || Fact::Figure(Figure(ONE));
    match dice.below(10) {
        0 => [("quantity", one())].into(),
        1 => [("unit_price", one())].into(),
        2 => [("amount", text("NaN"))].into(),
        3 => [("amount", Fact::Odd("true"))].into(),
        4 => [("amount", Fact::Odd("1e400"))].into(),
        5 => [("amount", text("0.0000000000000000001"))].into(),
        6 => [("amount", one()), ("currency", text("BTC"))].into(),
        7 => [("amount", one()), ("unit", Fact::Odd("[]"))].into(),
        8 => [("amount", Fact::Odd("null")), ("quantity", one())].into(),
        _ => [("quantity", Fact::Figure(Figure(-ONE))), ("unit_price", one())].into(),
    }
}
