//! `loaddata`: customers and usage from Django fixtures. Loading a file again changes nothing.

use crate::args::{self, Args};
use crate::failure::Failure;
use crate::gateway::{Gateway, Missing, open};
use crate::output::counted;
use crate::{output, present};
use serde::Serialize;
use std::collections::BTreeMap;
use usage_api::customer::{Customer, CustomerInput};
use usage_api::event::VerdictKind;
use usage_domain::customer::CustomerDraft;
use usage_import::fixture::{Fixture, FixtureRow, FixtureText};

/// Events that are stored at a time.
const PART: usize = 5000;

/// What was loaded.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Loaded {
    /// Customers in the files.
    pub(crate) customers: usize,
    /// Of those, made or changed now.
    customers_changed: usize,
    /// Usage rows stored now.
    pub(crate) accepted: u64,
    /// Usage rows that were there already.
    duplicate: u64,
    /// Usage rows that are there already with other figures; these stand.
    conflict: u64,
}

pub(crate) fn run(args: &Args, asked: &args::Loaddata) -> Result<(), Failure> {
    let texts = asked.files.iter().map(FixtureText::read).collect::<Result<Vec<_>, _>>()?;
    let loaded = load(args, &texts, asked.into_current_month)?;
    let already = match loaded.duplicate {
        0 => String::new(),
        1 => "; 1 was there already".to_string(),
        n => format!("; {n} were there already"),
    };
    let text = format!(
        "Loaded {} ({} new or changed) and {}{already}.",
        counted(loaded.customers as u64, "customer"),
        loaded.customers_changed,
        counted(loaded.accepted, "usage row")
    );
    output::either(args.json, &loaded, &text)
}

/// Loads fixtures into the data, or through the service that runs on it.
pub(crate) fn load(args: &Args, texts: &[FixtureText], into_current_month: bool) -> Result<Loaded, Failure> {
    // A broken fixture leaves no new data behind: it is read before a new one is made.
    let existing = if args.database.exists()? { Some(open(args, Missing::Refuse)?) } else { None };
    let zone_of = |number: u64| {
        let customer = existing.as_ref()?.customer(&format!("number:{number}")).ok().flatten()?;
        customer.timezone.parse().ok()
    };
    let fixture = Fixture::read(texts, into_current_month.then(present::now), zone_of)?;
    let gateway = match existing {
        Some(gateway) => gateway,
        None => open(args, Missing::Create)?,
    };
    let mut loaded = Loaded { customers: fixture.customers.len(), ..Loaded::default() };
    loaded.customers_changed = customers(&*gateway, fixture.customers)?;
    usage(&*gateway, fixture.rows, &mut loaded)?;
    gateway.close()?;
    Ok(loaded)
}

/// Makes customers that are not there, and changes those that differ.
fn customers(gateway: &dyn Gateway, drafts: Vec<CustomerDraft>) -> Result<usize, Failure> {
    let mut new = Vec::new();
    let mut changed = 0;
    for draft in drafts {
        let name = format!("number:{}", draft.number.unwrap_or_default());
        let there = gateway.customer(&name)?;
        let input = CustomerInput::from(draft);
        match there {
            None => new.push(input),
            Some(customer) if same(&customer, &input) => {}
            Some(_) => {
                gateway.update_customer(&name, input)?;
                changed += 1;
            }
        }
    }
    changed += new.len();
    gateway.create_customers(new)?;
    Ok(changed)
}

fn same(there: &Customer, input: &CustomerInput) -> bool {
    let sorted = |subjects: &[String]| {
        let mut subjects = subjects.to_vec();
        subjects.sort();
        subjects
    };
    let subjects = input.usage_attribution.clone().unwrap_or_default().subject_keys;
    there.name == input.name
        && there.key == input.key
        && Some(&there.currency) == input.currency.as_ref()
        && Some(&there.timezone) == input.timezone.as_ref()
        && sorted(&there.usage_attribution.subject_keys) == sorted(&subjects)
}

/// Stores the rows: those that are posted already first, so that what is posted is exactly those.
fn usage(gateway: &dyn Gateway, rows: Vec<FixtureRow>, loaded: &mut Loaded) -> Result<(), Failure> {
    let (processed, open): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.processed);
    let mut months: BTreeMap<(u64, usage_domain::time::Month), u64> = BTreeMap::new();
    for row in &processed {
        *months.entry((row.customer, row.month)).or_default() += 1;
    }
    let mut conflicts = Vec::new();
    store(gateway, processed, loaded, &mut conflicts)?;
    for ((customer, month), rows) in months {
        let bill = gateway.bill(&format!("number:{customer}"), Some(&month.to_string()))?;
        let other: u64 = bill.other_currencies.iter().map(|other| other.events).sum();
        let events = bill.lines.iter().map(|line| line.events).sum::<u64>() + other;
        // Where there is more, it came after a posting, or must not become part of one.
        if events == rows {
            gateway.post_month(customer, month)?;
        }
    }
    store(gateway, open, loaded, &mut conflicts)?;
    match conflicts.first() {
        None => Ok(()),
        Some(first) => Err(Failure::operation(format!(
            "{} stored already with other figures, the first at {first}; what is stored stands, all other rows were loaded",
            counted_are(conflicts.len())
        ))
        .next("A row that was wrong is corrected by a further row with the difference, under a pk of its own.")),
    }
}

fn counted_are(rows: usize) -> String {
    if rows == 1 { "1 row is".to_string() } else { format!("{rows} rows are") }
}

fn store(
    gateway: &dyn Gateway,
    rows: Vec<FixtureRow>,
    loaded: &mut Loaded,
    conflicts: &mut Vec<String>,
) -> Result<(), Failure> {
    let bar = output::progress::count("Loading usage", rows.len());
    for part in rows.chunks(PART) {
        let report = gateway.ingest(part.iter().map(|row| row.event.clone()).collect())?;
        loaded.accepted += report.accepted;
        loaded.duplicate += report.duplicate;
        loaded.conflict += report.conflict;
        for (row, verdict) in part.iter().zip(&report.verdicts) {
            if verdict.verdict == VerdictKind::Conflict {
                conflicts.push(format!("{}, line {}", row.file, row.line));
            }
        }
        bar.inc(part.len() as u64);
    }
    bar.finish_and_clear();
    Ok(())
}
