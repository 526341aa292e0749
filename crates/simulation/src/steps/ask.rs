//! Questions to meters.

use super::meters;
use crate::check::failed;
use crate::draw::{meters as drawn, questions};
use crate::model::log::{same, same_list};
use crate::model::metered::{NoAnswer, Row};
use crate::model::question::Question;
use crate::world::{Outcome, World};
use usage_domain::meter::Meter;
use usage_domain::meter::query::{MeterQuery, MeterRow, QueryError};
use usage_engine::{EngineError, MeterAnswer};
use usage_store::StoreError;

/// Asks one of the meters something.
pub(crate) fn one(world: &mut World<'_, '_>) -> Outcome {
    let live = world.model.catalog.meters.live();
    if live.is_empty() {
        return meters::create(world);
    }
    let meter = world.dice.pick(live).clone();
    if world.dice.percent(3) {
        return nobody(world);
    }
    one_of(world, &meter)
}

/// Asks this meter something.
pub(crate) fn one_of(world: &mut World<'_, '_>, meter: &Meter) -> Outcome {
    let question = questions::draw(&mut world.dice, &world.model, world.now, meter);
    let rows = ask(world, meter, &question)?;
    let key = &meter.draft.key;
    match rows {
        Ok(rows) => world.say(&format!("meter {key} answers with {rows} rows")),
        Err(why) => world.say(&format!("meter {key} has no answer: {why:?}")),
    }
    Ok(())
}

/// Asks a meter that there is not.
fn nobody(world: &mut World<'_, '_>) -> Outcome {
    let now = world.tick();
    let id = drawn::id(&mut world.dice, now);
    let engine = world.engine()?;
    world.stats.unanswerable += 1;
    match world.wait(engine.query(id, MeterQuery::total())) {
        Err(EngineError::Store(StoreError::NoMeter)) => Ok(()),
        answer => Err(format!("a meter that is not there answers {answer:?}")),
    }
}

/// Asks a meter, and compares the answer; gives the number of its rows.
pub(crate) fn ask(
    world: &mut World<'_, '_>,
    meter: &Meter,
    question: &Question,
) -> Outcome<Result<usize, NoAnswer>> {
    let engine = world.engine()?;
    let is = world.wait(engine.ask(meter, question.asked()));
    let should = world.model.answer(meter, question);
    let compared = match (is, should) {
        (Ok(answer), Ok(should)) => compare(world, meter, question, &answer, should).map(Ok),
        (Err(EngineError::NoCustomer(_)), Err(why @ NoAnswer::NoCustomer))
        | (Err(EngineError::Store(StoreError::Query(QueryError::NoPeriod))), Err(why @ NoAnswer::NoPeriod)) =>
        {
            world.stats.unanswerable += 1;
            Ok(Err(why))
        }
        (is, should) => Err(format!("the answer is {is:?} and should be {should:?}")),
    };
    compared.map_err(|what| format!("{meter:?} is asked {question:?}: {what}"))
}

fn compare(
    world: &mut World<'_, '_>,
    meter: &Meter,
    question: &Question,
    answer: &MeterAnswer,
    should: Vec<Row>,
) -> Outcome<usize> {
    world.stats.questions += 1;
    world.stats.rows += should.len() as u64;
    same("the position of an answer", &answer.usage.position.events(), &world.model.log.count())?;
    let mut rows = Vec::new();
    for row in &answer.usage.rows {
        rows.push(told(row, answer)?);
    }
    if !rows.is_sorted_by(|a, b| a.key < b.key) {
        return Err(format!("the rows are not in order: {rows:?}"));
    }
    if question.window.is_none() {
        unbounded(world, meter, question, &mut rows, &should)?;
    }
    same_list("the rows of an answer", &rows, &should)?;
    Ok(rows.len())
}

/// A row in the words of the model.
fn told(row: &MeterRow, answer: &MeterAnswer) -> Outcome<Row> {
    let customer = match (&answer.customers, row.label) {
        (Some(customers), Some(label)) => {
            let place = usize::try_from(label).unwrap_or(usize::MAX);
            Some(*customers.get(place).ok_or("a row is of no customer")?)
        }
        (None, None) => None,
        (customers, label) => return Err(format!("a row has label {label:?} of {customers:?}")),
    };
    let key = (row.window.start, customer, row.subject.clone(), row.dimensions.clone());
    Ok(Row { key, end: row.window.end, value: row.value, events: row.events })
}

/// Where no time is asked for, a row's own may reach to usage that was taken back, and no further.
fn unbounded(
    world: &World<'_, '_>,
    meter: &Meter,
    question: &Question,
    rows: &mut [Row],
    should: &[Row],
) -> Outcome {
    let (first, last) = world.model.minutes(meter);
    rows.sort_by(|a, b| (&a.key.1, &a.key.2, &a.key.3).cmp(&(&b.key.1, &b.key.2, &b.key.3)));
    for row in rows.iter_mut() {
        let same =
            |other: &&Row| (&other.key.1, &other.key.2, &other.key.3) == (&row.key.1, &row.key.2, &row.key.3);
        let Some(should) = should.iter().find(same) else { continue };
        if question.from.is_none() && first <= row.key.0 && row.key.0 <= should.key.0 {
            row.key.0 = should.key.0;
        }
        if question.to.is_none() && should.end <= row.end && row.end <= last {
            row.end = should.end;
        }
    }
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(())
}

/// Asks all meters what they counted, and one of them what each customer used of late.
pub(crate) fn everything(world: &mut World<'_, '_>) -> Outcome {
    let meters = world.model.catalog.meters.live().to_vec();
    let whole = meters.iter().map(|meter| (meter, questions::whole(meter, world.now)));
    let last = meters.last().map(|meter| (meter, questions::by_customer(meter, world.now)));
    for (meter, question) in whole.chain(last).collect::<Vec<_>>() {
        let answer = ask(world, meter, &question)?;
        answer.map_err(|why| format!("{why:?}: this has an answer"))?;
    }
    Ok(())
}

/// Compares the meters that there are.
pub(crate) fn listed(world: &World<'_, '_>, should: &[Meter]) -> Outcome {
    let engine = world.engine()?;
    let is = world.wait(engine.meters()).map_err(failed("listing meters"))?;
    same_list("the meters", &is, should)?;
    for meter in should {
        for name in [meter.draft.key.clone(), meter.id.to_string()] {
            let found = world.wait(engine.meter(&name)).map_err(failed("finding a meter"))?;
            same("a meter", &found, meter)?;
        }
    }
    Ok(())
}
