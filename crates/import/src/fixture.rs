//! Django fixtures: customers and their usage from JSON arrays of `{"model", "pk", "fields"}`.
//!
//! Owns what the fields of the two models mean and the ids of the events. Several files are read as
//! one: usage may come before its customer. A fixture is taken whole or refused whole: the first
//! thing that is wrong is reported with its file, line and field, and nothing is returned.

mod charge;
mod customer;
mod day;
mod fields;
mod record;
mod usage;

use crate::ImportError;
use record::{Model, Record};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use usage_domain::customer::CustomerDraft;
use usage_domain::event::UsageEvent;
use usage_domain::time::{Month, Timestamp, Zone};

/// The source of the events of a fixture.
pub const SOURCE: &str = "fixture";

/// The text of a fixture and what to call it in errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixtureText {
    /// The name of the file.
    pub file: String,
    /// What it contains.
    pub text: String,
}

/// What fixtures contain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fixture {
    /// The customers, in the order of the files.
    pub customers: Vec<CustomerDraft>,
    /// The usage, in the order of the files.
    pub rows: Vec<FixtureRow>,
}

/// A row of usage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixtureRow {
    /// The file that it is from.
    pub file: String,
    /// The line that it starts on, from 1.
    pub line: u64,
    /// The number of its customer.
    pub customer: u64,
    /// The month of the usage, in the customer's time zone.
    pub month: Month,
    /// Whether it is already posted to a bill.
    pub processed: bool,
    /// What was used; its subject is the customer's number.
    pub event: UsageEvent,
}

impl FixtureText {
    /// Reads a file.
    ///
    /// # Errors
    /// A file that cannot be read or is not UTF-8 text.
    pub fn read(path: impl AsRef<Path>) -> Result<FixtureText, ImportError> {
        let path = path.as_ref();
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(FixtureText { file, text }),
            Err(source) => Err(ImportError::Unreadable { path: file, source }),
        }
    }
}

impl Fixture {
    /// Reads fixtures as one. `known` gives the time zone of a customer that is in none of them;
    /// with `into_month_of`, the usage is moved into the month that this moment is in, in the
    /// customer's zone, and its ids carry that month.
    ///
    /// # Errors
    /// The first thing that is wrong, with its file, line and field.
    pub fn read(
        files: &[FixtureText],
        into_month_of: Option<Timestamp>,
        known: impl Fn(u64) -> Option<Zone>,
    ) -> Result<Fixture, ImportError> {
        let mut records = Vec::new();
        for file in files {
            record::read_all(file, &mut records)?;
        }
        let mut seen = HashSet::with_capacity(records.len());
        for record in &records {
            if !seen.insert((record.model, record.pk)) {
                let reason =
                    format!("the {} {} stands twice in the fixtures", record.model.noun(), record.pk);
                return Err(record.fault("pk", reason));
            }
        }
        let (customers, zones) = customers(&records)?;
        let zone_of = |number: u64| zones.get(&number).cloned().or_else(|| known(number));
        let rows = records
            .iter()
            .filter(|record| record.model == Model::Usage)
            .map(|record| usage::read(record, into_month_of, zone_of))
            .collect::<Result<_, _>>()?;
        Ok(Fixture { customers, rows })
    }
}

/// The customers, and the time zones of their numbers.
fn customers(records: &[Record<'_>]) -> Result<(Vec<CustomerDraft>, HashMap<u64, Zone>), ImportError> {
    let (mut customers, mut zones) = (Vec::new(), HashMap::new());
    let mut paid_by: HashMap<String, u64> = HashMap::new();
    for record in records.iter().filter(|record| record.model == Model::Customer) {
        let customer = customer::read(record)?;
        for subject in customer.all_subjects() {
            if let Some(other) = paid_by.insert(subject.to_string(), record.pk).filter(|by| *by != record.pk)
            {
                let field = if customer.key.as_deref() == Some(subject) { "key" } else { "subjects" };
                let reason = format!("the usage of \"{subject}\" is paid for by customer {other} already");
                return Err(record.fault(field, reason));
            }
        }
        zones.insert(record.pk, customer.zone.clone());
        customers.push(customer);
    }
    Ok((customers, zones))
}
