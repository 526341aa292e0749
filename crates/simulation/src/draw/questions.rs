//! Questions to meters: times at odd boundaries, windows of many zones, groups, filters, whose usage.

use super::{SUBJECTS, customers, times};
use crate::dice::Dice;
use crate::model::Model;
use crate::model::question::{Question, Test};
use usage_domain::meter::Meter;
use usage_domain::meter::windows::Window;
use usage_domain::time::{Timestamp, Zone};

const WINDOWS: [Window; 5] = [Window::Minute, Window::Hour, Window::Day, Window::Month, Window::Month];

/// Any question that has an answer, and now and then one that has none.
pub(crate) fn draw(dice: &mut Dice, model: &Model, now: Timestamp, meter: &Meter) -> Question {
    let mut question = Question::total();
    question.window = dice.percent(60).then(|| *dice.pick(&WINDOWS));
    question.zone = times::zone(dice);
    (question.from, question.to) = bounds(dice, model, now, meter, question.window);
    question.by_subject = dice.percent(30);
    question.by_customer = dice.percent(25);
    if dice.percent(35) {
        question.subject = Some(subjects(dice));
    }
    if dice.percent(30) {
        question.customer = Some(named(dice, model));
    }
    let dimensions = meter.draft.dimensions.len();
    question.group_by = (0..dimensions).filter(|_| dice.percent(40)).collect();
    dice.shuffle(&mut question.group_by);
    for place in 0..dimensions {
        if dice.percent(20) {
            question.filters.push((place, values(dice)));
        }
    }
    question
}

/// All that a meter counts, told apart as far as it can be.
pub(crate) fn whole(meter: &Meter, now: Timestamp) -> Question {
    let is_level = meter.draft.aggregation.is_level();
    Question {
        to: is_level.then_some(now),
        window: Some(Window::Month),
        zone: "America/St_Johns".parse().unwrap_or_else(|_| Zone::utc()),
        by_subject: true,
        group_by: (0..meter.draft.dimensions.len()).collect(),
        ..Question::total()
    }
}

/// What each customer used of late, told apart as far as it can be.
pub(crate) fn by_customer(meter: &Meter, now: Timestamp) -> Question {
    let from = times::shifted(now, -90 * i64::try_from(times::DAY).unwrap_or(0));
    let group_by = (0..meter.draft.dimensions.len()).collect();
    Question { from: Some(from), to: Some(now), by_customer: true, group_by, ..Question::total() }
}

type Bounds = (Option<Timestamp>, Option<Timestamp>);

fn bounds(dice: &mut Dice, model: &Model, now: Timestamp, meter: &Meter, window: Option<Window>) -> Bounds {
    let (a, b) = (moment(dice, model, now), moment(dice, model, now));
    let (from, to) = if dice.percent(2) { (a.max(b), a.min(b)) } else { (a.min(b), a.max(b)) };
    if !meter.draft.aggregation.is_level() {
        return (dice.percent(70).then_some(from), dice.percent(70).then_some(to));
    }
    // A level has a row for each window in which it stands at something: not more of them than can be told.
    let most = match window {
        Some(Window::Minute) => 3 * times::HOUR,
        Some(Window::Hour) => 4 * times::DAY,
        Some(Window::Day) => 70 * times::DAY,
        Some(Window::Month) | None => 1500 * times::DAY,
    };
    let least = times::shifted(to, -i64::try_from(most).unwrap_or(0));
    match dice.below(30) {
        0 => (Some(from.max(least)), None),
        1 if window.is_none() => (None, Some(to)),
        2 | 3 if window == Some(Window::Month) && to < times::shifted(now, most as i64) => (None, Some(to)),
        _ => (Some(from.max(least)), Some(to)),
    }
}

/// A moment that is likely to cut something.
fn moment(dice: &mut Dice, model: &Model, now: Timestamp) -> Timestamp {
    let events = model.log.events();
    match dice.below(10) {
        0..3 if !events.is_empty() => {
            let beside = *dice.pick(&[0, 1, -1, 60_000_000_000]);
            times::shifted(dice.pick(events).sent.event.time, beside)
        }
        0..7 => times::boundary(dice, now),
        7 => times::shifted(now, 0),
        _ => times::of_event(dice, now),
    }
}

fn subjects(dice: &mut Dice) -> Test {
    let mut some = || Some((*dice.pick(&SUBJECTS)).to_string());
    let (a, b, c) = (some(), some(), some());
    match dice.below(8) {
        0..3 => Test::In(vec![a]),
        3 | 4 => Test::In(vec![a, b, c]),
        5 => Test::NotIn(vec![a, b]),
        6 => Test::Contains("a".to_string()),
        _ => Test::Either(Box::new((Test::In(vec![a, b]), Test::In(vec![c])))),
    }
}

/// What customers must be like, by the names that they have.
fn named(dice: &mut Dice, model: &Model) -> Test {
    let mut some = || Some(customers::name(dice, &model.catalog).to_string());
    let (a, b) = (some(), some());
    match dice.below(8) {
        0..3 => Test::In(vec![a]),
        3 => Test::In(vec![a, b]),
        4 => Test::NotIn(vec![a]),
        5 => Test::Exists,
        6 => Test::Missing,
        _ => Test::In(vec![a, None]),
    }
}

/// What a dimension must be like.
fn values(dice: &mut Dice) -> Test {
    let mut some = || {
        dice.percent(85).then(|| (*dice.pick(&["m1", "m2", "eu", "us", "", "1.5", "7", "GB"])).to_string())
    };
    let (a, b) = (some(), some());
    match dice.below(9) {
        0..2 => Test::In(vec![a]),
        2 => Test::In(vec![a, b]),
        3 => Test::NotIn(vec![a, b]),
        4 => Test::Contains("u".to_string()),
        5 => Test::Exists,
        6 => Test::Missing,
        7 => Test::Not(Box::new(Test::In(vec![a]))),
        _ => Test::Both(Box::new((Test::Exists, Test::NotIn(vec![a])))),
    }
}
