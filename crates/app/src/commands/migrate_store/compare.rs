//! Whether two stores say the same: every event, every row, every total and bill.

use super::Side;
use super::catalog::Pages;
use crate::failure::Failure;
use crate::output::progress;
use std::hash::{DefaultHasher, Hash, Hasher};
use usage_api::bill::Bill;
use usage_domain::charge::ChargeGroup;
use usage_domain::customer::CustomerRef;
use usage_domain::decimal::Decimal;
use usage_domain::event::StoredEvent;
use usage_domain::meter::query::{MeterQuery, QueryError};
use usage_domain::position::Position;
use usage_domain::time::Period;
use usage_domain::usage::Usage;
use usage_engine::Engine;
use usage_store::transfer::{Of, Row, TABLES, Value};
use usage_store::{EventFilter, Store, StoreError};

/// Events that are held at a time, and customers.
const PAGE: usize = 20_000;
const CUSTOMERS: u64 = 500;
/// Subjects that nobody pays for that are compared by name; of all others their number is.
const UNPAID: usize = 10_000;

/// What was compared.
pub(super) struct Found {
    pub(super) events: u64,
    pub(super) customers: u64,
    pub(super) meters: u64,
}

/// Compares two stores; what differs is an error.
pub(super) async fn stores(from: &Side, to: &Side, until: &Position) -> Result<Found, Failure> {
    rows(from, to).await?;
    let events = logs(&*from.store, &*to.store).await?;
    let spinner = progress::spinner("Recounting…");
    let verified = to.store.verify().await;
    spinner.finish_and_clear();
    if let Some(problem) = verified?.problems.first() {
        return Err(differs(&format!("the copy is not sound: {problem}")));
    }
    let customers = bills(from, to).await?;
    let meters = meters(&*from.store, &*to.store).await?;
    if from.store.unpaid(UNPAID).await? != to.store.unpaid(UNPAID).await? {
        return Err(differs("the subjects that nobody pays for"));
    }
    if from.store.position().await? != *until {
        return Err(differs("events were stored while it was copied"));
    }
    Ok(Found { events, customers, meters })
}

fn differs(what: &str) -> Failure {
    Failure::verification(format!("the two stores do not agree: {what}")).next(
        "The copy is not used. Stop whatever still writes to the first store and run it again; what was copied stays.",
    )
}

/// Compares the catalogs.
async fn rows(from: &Side, to: &Side) -> Result<(), Failure> {
    for table in TABLES {
        let (mut these, mut those) = (Pages::of(table), Pages::of(table));
        let comparable = |row: &mut Row| {
            for (value, (_, of)) in row.iter_mut().zip(table.columns) {
                // The writers that a position counts are each store's own.
                if let (Value::Text(text), Of::Position) = (&value, of) {
                    let events = text.parse::<Position>().map_or(0, |position| position.events());
                    *value = Value::Text(events.to_string());
                }
            }
        };
        loop {
            let (mut this, mut that) = (these.next(&*from.books).await?, those.next(&*to.books).await?);
            for page in [&mut this, &mut that] {
                page.iter_mut().flatten().for_each(comparable);
            }
            if this != that {
                return Err(differs(&format!("the rows of '{}'", table.name)));
            }
            if this.is_none() {
                break;
            }
        }
    }
    Ok(())
}

/// Compares the events, in whatever order they are; gives their count.
async fn logs(from: &dyn Store, to: &dyn Store) -> Result<u64, Failure> {
    let bar = progress::events("Comparing events", from.position().await?.events() * 2);
    let (this, that) = (digest(from, &bar).await?, digest(to, &bar).await?);
    bar.finish_and_clear();
    if this != that {
        return Err(differs(&format!("the logs ({} events and {})", this.0, that.0)));
    }
    Ok(this.0)
}

/// How many events there are, and a figure that tells whether two logs have the same.
async fn digest(store: &dyn Store, bar: &progress::Bar) -> Result<(u64, u128), Failure> {
    let (end, mut after, mut sum) = (store.position().await?, Position::default(), (0, 0u128));
    loop {
        let page = store.log(after, end.clone(), EventFilter::newest(PAGE)).await?;
        for stored in &page.events {
            sum = (sum.0 + 1, sum.1.wrapping_add(hash(stored)));
        }
        bar.inc(page.events.len() as u64);
        if !page.more {
            return Ok(sum);
        }
        after = page.next;
    }
}

fn hash(stored: &StoredEvent) -> u128 {
    let event = &stored.event;
    let half = |which: u8| {
        let mut hasher = DefaultHasher::new();
        (which, &event.source, &event.id, &event.event_type, &event.subject).hash(&mut hasher);
        (event.time, event.time_given, &event.data, &event.extensions).hash(&mut hasher);
        stored.ingested_at.hash(&mut hasher);
        hasher.finish()
    };
    u128::from(half(0)) << 64 | u128::from(half(1))
}

/// Compares what all customers used at all times, and their bills of the last month with usage; gives how many
/// customers there are.
async fn bills(from: &Side, to: &Side) -> Result<u64, Failure> {
    let (these, those) = (Engine::new(from.store.clone()), Engine::new(to.store.clone()));
    let (from, to) = (&*from.store, &*to.store);
    let newest = from.events(EventFilter::newest(1)).await?;
    let count = from.customers(0, 0).await?.1;
    let bar = progress::count("Comparing bills", usize::try_from(count).unwrap_or(usize::MAX));
    let mut seen = 0;
    while seen < count {
        let (customers, _) = from.customers(seen, CUSTOMERS).await?;
        if customers.is_empty() {
            break;
        }
        seen += customers.len() as u64;
        for customer in customers {
            let name = CustomerRef::Number(customer.number);
            let differs = |what| differs(&format!("{what} of customer {}", customer.number));
            let used = async |store: &dyn Store| -> Result<_, Failure> {
                let paid = store.paid_subjects(customer.id).await?;
                Ok(figures(store.usage(paid, Period::ALWAYS).await?))
            };
            if used(from).await? != used(to).await? {
                return Err(differs("the usage"));
            }
            if let Some(newest) = newest.first() {
                let (month, now) = (Some(newest.event.time.month(&customer.zone)), newest.event.time);
                let (this, that) =
                    (these.bill(&name, month, now).await?, those.bill(&name, month, now).await?);
                if amounts(this) != amounts(that) {
                    return Err(differs("the bill"));
                }
            }
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(count)
}

/// What usage adds up to, without how often it changed: that counts the steps in which it came about.
fn figures(usage: Usage) -> Vec<(ChargeGroup, i64, Decimal, Decimal)> {
    let figures = usage.groups.into_iter().map(|(group, sum)| (group, sum.events, sum.quantity, sum.amount));
    figures.filter(|(_, events, ..)| *events != 0).collect()
}

/// A bill without its position, which counts each store's own writers.
fn amounts(mut bill: Bill) -> Bill {
    bill.position.clear();
    bill
}

/// Compares what each meter counts in all; gives how many there are.
async fn meters(from: &dyn Store, to: &dyn Store) -> Result<u64, Failure> {
    let meters = from.meters().await?;
    for meter in &meters {
        let total = async |store: &dyn Store| match store.query(meter.id, MeterQuery::total()).await {
            Ok(usage) => Ok(Ok(usage.rows)),
            // A meter may have no answer: then it has the same none.
            Err(StoreError::Query(error)) => Ok::<Result<_, QueryError>, Failure>(Err(error)),
            Err(error) => Err(error.into()),
        };
        if total(from).await? != total(to).await? {
            return Err(differs(&format!("what the meter '{}' counts", meter.draft.key)));
        }
    }
    Ok(meters.len() as u64)
}
