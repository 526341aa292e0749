//! Meters come, change and go; while one is covered, other things happen.

use super::{ask, ingest, reopen};
use crate::draw::meters::{draft, id, redraw};
use crate::model::catalog::{Catalog, Refusal};
use crate::model::log::same;
use crate::site::{Moment, answered_or_held};
use crate::world::{Outcome, World};
use usage_domain::meter::{Meter, MeterDraft, MeterId};
use usage_domain::time::Timestamp;
use usage_engine::{Engine, EngineError};
use usage_store::StoreError;

/// The most meters that there are at a time.
const MOST: usize = 5;

/// A meter that is wanted: a new one, or one that is changed.
struct Wish {
    id: MeterId,
    draft: MeterDraft,
    now: Timestamp,
    is_new: bool,
}

impl Wish {
    fn create(world: &mut World<'_, '_>) -> Wish {
        let now = world.tick();
        Wish { id: id(&mut world.dice, now), draft: draft(&mut world.dice, now), now, is_new: true }
    }

    /// Of a meter that there is, now and then of another.
    fn update(world: &mut World<'_, '_>) -> Wish {
        let wish = Wish { is_new: false, ..Wish::create(world) };
        let Some(meter) = some(world) else { return wish };
        if world.dice.percent(5) {
            // Another's id, or what never changes.
            let id = if world.dice.percent(50) { meter.id } else { wish.id };
            return Wish { id, ..wish };
        }
        let mut draft = meter.draft;
        redraw(&mut world.dice, &mut draft);
        Wish { id: meter.id, draft, ..wish }
    }

    async fn send(&self, engine: &Engine) -> Result<Meter, EngineError> {
        let Wish { id, now, .. } = *self;
        match self.is_new {
            true => engine.create_meter(id, self.draft.clone(), now).await,
            false => engine.update_meter(id, self.draft.clone(), now).await,
        }
    }

    fn apply(&self, catalog: &mut Catalog) -> Result<Meter, Refusal> {
        match self.is_new {
            true => catalog.meters.create(self.id, &self.draft, self.now),
            false => catalog.meters.update(self.id, &self.draft, self.now),
        }
    }

    fn words(&self) -> String {
        let MeterDraft { key, aggregation, event_type, dimensions, .. } = &self.draft;
        let names: Vec<&str> = dimensions.iter().map(|dimension| dimension.name.as_str()).collect();
        let verb = if self.is_new { "made" } else { "changed" };
        format!("meter {key} ({} of {event_type} by {}) is {verb}", aggregation.name(), names.join(", "))
    }
}

pub(crate) fn create(world: &mut World<'_, '_>) -> Outcome {
    if world.model.catalog.meters.live().len() >= MOST {
        return delete(world);
    }
    let wish = Wish::create(world);
    change(world, &wish)
}

pub(crate) fn update(world: &mut World<'_, '_>) -> Outcome {
    let wish = Wish::update(world);
    change(world, &wish)
}

fn change(world: &mut World<'_, '_>, wish: &Wish) -> Outcome {
    let engine = world.engine()?;
    let answer = world.wait(wish.send(&engine));
    account(world, wish, answer)
}

pub(crate) fn delete(world: &mut World<'_, '_>) -> Outcome {
    let now = world.tick();
    let id = some(world).map_or_else(|| id(&mut world.dice, now), |meter| meter.id);
    let engine = world.engine()?;
    let answer = world.wait(engine.delete_meter(id));
    let mut changed = world.model.catalog.clone();
    let should = changed.meters.delete(id);
    if compare(world, "a meter is ended", answer, should)? {
        world.model.catalog = changed;
        return Ok(());
    }
    world.may_have_changed(changed)
}

/// Makes or changes a meter, and does other things while its earlier usage is added up.
pub(crate) fn beside_others(world: &mut World<'_, '_>) -> Outcome {
    let is_new = world.model.catalog.meters.live().len() < MOST;
    let wish = if is_new { Wish::create(world) } else { Wish::update(world) };
    let engine = world.engine()?;
    world.site.hold(Moment::Cover);
    let mut sending = Box::pin(wish.send(&engine));
    if let Some(answer) = world.wait(answered_or_held(&*world.site, &mut sending)) {
        // Nothing had to be added up, or there is no such meter.
        world.site.release();
        return account(world, &wish, answer);
    }
    // The catalog has it, so that it is there whatever becomes of the answer.
    let mut changed = world.model.catalog.clone();
    wish.apply(&mut changed).map_err(|refusal| format!("a meter is made that should not be: {refusal:?}"))?;
    world.model.catalog = changed;
    world.stats.covering += 1;
    world.say(&format!("while {}:", wish.words()));
    others(world, wish.id)?;
    let dies = world.dice.percent(15);
    if dies {
        world.site.crash();
    }
    world.site.release();
    let answer = world.wait(sending);
    drop(engine);
    let made = answer.map_err(|error| format!("a meter that is there was refused: {error}"))?;
    world.model.catalog.meters.number(&made)?;
    if dies || world.site.hits().crashed {
        return Ok(());
    }
    let meter = world.model.catalog.meters.live().iter().find(|meter| meter.id == wish.id).cloned();
    same("a meter that was made", &Some(&made), &meter.as_ref())?;
    ask::one_of(world, &made)
}

/// What may happen while a meter's earlier usage is added up. (Meters change one after the other.)
fn others(world: &mut World<'_, '_>, id: MeterId) -> Outcome {
    for _ in 0..world.dice.between(1, 4) {
        if world.site.hits().crashed {
            break;
        }
        match world.dice.below(10) {
            0..6 => ingest::one(world)?,
            6 => reopen::rebuild_alone(world)?,
            7 => crate::check::verify(world)?,
            _ => {
                let meters = world.model.catalog.meters.live();
                if let Some(meter) = meters.iter().find(|meter| meter.id == id).cloned() {
                    ask::one_of(world, &meter)?;
                }
            }
        }
    }
    Ok(())
}

fn account(world: &mut World<'_, '_>, wish: &Wish, answer: Result<Meter, EngineError>) -> Outcome {
    let mut changed = world.model.catalog.clone();
    let mut should = wish.apply(&mut changed);
    if let (Ok(made), Ok(meter)) = (&answer, &mut should) {
        changed.meters.number(made)?;
        let numbered = changed.meters.live().iter().find(|meter| meter.id == made.id);
        meter.series = numbered.map_or(0, |meter| meter.series);
    }
    if compare(world, &wish.words(), answer, should)? {
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
    world.stats.meters += 1;
    let is = match answer {
        Ok(value) => Ok(value),
        Err(EngineError::InvalidMeter(_)) => Err(Refusal::Invalid),
        Err(EngineError::Store(StoreError::NoMeter)) => Err(Refusal::NoMeter),
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

/// A meter that there is.
fn some(world: &mut World<'_, '_>) -> Option<Meter> {
    let live = world.model.catalog.meters.live();
    (!live.is_empty()).then(|| world.dice.pick(live).clone())
}
