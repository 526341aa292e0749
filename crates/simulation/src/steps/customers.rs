//! Customers come, change and go.

use crate::draw::customers::{draft, id, name};
use crate::model::catalog::Refusal;
use crate::model::log::same;
use crate::world::{Outcome, World};
use usage_domain::customer::Customer;
use usage_engine::EngineError;
use usage_store::StoreError;

/// The most customers that there are at a time.
const MOST: usize = 6;

pub(crate) fn create(world: &mut World<'_, '_>) -> Outcome {
    if world.model.catalog.live().count() >= MOST {
        return update(world);
    }
    let (id, now) = (id(&mut world.dice), world.tick());
    let draft = draft(&mut world.dice, &world.model.catalog, None);
    let engine = world.engine()?;
    let answer = world.wait(engine.create_customer(id, draft.clone(), now));
    let mut changed = world.model.catalog.clone();
    let should = changed.create(id, &draft, now);
    if compare(world, "a customer is made", answer, should)? {
        world.model.catalog = changed;
        return Ok(());
    }
    world.may_have_changed(changed)
}

pub(crate) fn update(world: &mut World<'_, '_>) -> Outcome {
    let (name, now) = (name(&mut world.dice, &world.model.catalog), world.tick());
    let before = world.model.catalog.find(&name).cloned();
    let draft = draft(&mut world.dice, &world.model.catalog, before.as_ref());
    let engine = world.engine()?;
    let answer = world.wait(engine.update_customer(&name, draft.clone(), now));
    let mut changed = world.model.catalog.clone();
    let should = changed.update(&name, &draft, now);
    if compare(world, "a customer is changed", answer, should)? {
        world.model.catalog = changed;
        return Ok(());
    }
    world.may_have_changed(changed)
}

pub(crate) fn delete(world: &mut World<'_, '_>) -> Outcome {
    let (name, now) = (name(&mut world.dice, &world.model.catalog), world.tick());
    let engine = world.engine()?;
    let answer = world.wait(engine.delete_customer(&name, now));
    let mut changed = world.model.catalog.clone();
    let should = changed.delete(&name, now);
    if compare(world, &format!("customer {name} is ended"), answer, should)? {
        world.model.catalog = changed;
        return Ok(());
    }
    world.may_have_changed(changed)
}

/// Whether the change came about, as it should; a disk that fails may have refused it.
fn compare<T: PartialEq + std::fmt::Debug>(
    world: &mut World<'_, '_>,
    what: &str,
    answer: Result<T, EngineError>,
    should: Result<T, Refusal>,
) -> Outcome<bool> {
    world.stats.customers += 1;
    let is = match answer {
        Ok(value) => Ok(value),
        Err(EngineError::NoCustomer(_)) => Err(Refusal::NoCustomer),
        Err(EngineError::InvalidCustomer(_)) => Err(Refusal::Invalid),
        Err(EngineError::Store(StoreError::Conflict(_))) => Err(Refusal::Conflict),
        Err(EngineError::Store(error)) if world.is_catalog_excused(&error) => {
            world.say(&format!("{what}: refused by the disk"));
            return Ok(false);
        }
        Err(error) => return Err(format!("{what}: {error}")),
    };
    world.say(&format!("{what}: {}", if is.is_ok() { "done" } else { "refused" }));
    same(what, &is, &should)?;
    Ok(is.is_ok())
}

/// A customer that there is.
pub(crate) fn some(world: &mut World<'_, '_>) -> Option<Customer> {
    let live: Vec<Customer> = world.model.catalog.live().cloned().collect();
    (!live.is_empty()).then(|| world.dice.pick(&live).clone())
}
