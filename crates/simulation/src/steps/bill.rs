//! The bill of a customer for a month.

use crate::draw::{customers, times};
use crate::world::{Outcome, World};
use usage_domain::time::Month;
use usage_engine::EngineError;

/// Asks for a bill, of this month where none is named.
pub(crate) fn one(world: &mut World<'_, '_>) -> Outcome {
    let name = customers::name(&mut world.dice, &world.model.catalog);
    let customer = world.model.catalog.find(&name).cloned();
    let zone =
        customer.as_ref().map(|customer| customer.zone.clone()).unwrap_or_else(usage_domain::time::Zone::utc);
    let month: Option<Month> =
        if world.dice.percent(70) { Some(times::near(&mut world.dice, world.now, &zone)) } else { None };
    let engine = world.engine()?;
    let bill = match (world.wait(engine.open_bill(&name, month, world.now)), &customer) {
        (Ok(bill), Some(_)) => bill,
        (Err(EngineError::NoCustomer(_)), None) => return Ok(()),
        (answer, _) => return Err(format!("the bill of {name} is {answer:?}")),
    };
    world.stats.bills += 1;
    world.say(&format!(
        "the bill of {name} for {}: {} in {} lines",
        bill.month,
        bill.total,
        bill.lines.len()
    ));
    let month = month.unwrap_or_else(|| world.now.month(&zone));
    crate::model::log::same("the month of a bill", &bill.month, &month)?;
    world.model.check_bill(&bill)
}
