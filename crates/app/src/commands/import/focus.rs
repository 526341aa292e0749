//! `import focus`: a cloud's cost export. The file is read twice: checked whole, then stored, so that
//! a bad row refuses the file before anything of it is stored. Importing it again changes nothing.

use super::replace::Replacing;
use super::rows::{Bad, Storing, bad_rows_path};
use crate::args::{Args, ImportFocus};
use crate::failure::Failure;
use crate::gateway::{Gateway, Missing, open};
use crate::output;
use crate::output::{counted, progress, were};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use usage_api::customer::CustomerInput;
use usage_domain::customer::CustomerDraft;
use usage_domain::time::{Month, Zone};
use usage_import::focus::{CustomerBy, FocusFile, RowError};

/// What was imported.
#[derive(Debug, Default, Serialize)]
struct Imported {
    /// Good rows of the file.
    rows: u64,
    /// Rows stored now.
    accepted: u64,
    /// Rows that were there already.
    duplicate: u64,
    /// Rows whose ids were there already with other content or of another type, and stayed as they were.
    conflict: u64,
    /// Rows of earlier imports that the file no longer has, taken back now.
    taken_back: u64,
    /// Rows that were left out, and where they are.
    bad_rows: u64,
    bad_rows_file: Option<PathBuf>,
    /// Customers in the file, and how many of them were made now.
    customers: usize,
    customers_created: usize,
    /// Months of the file's charges (UTC).
    months: BTreeSet<String>,
}

/// What the first pass found.
#[derive(Default)]
struct Checked {
    rows: u64,
    customers: BTreeMap<String, Arc<CustomerDraft>>,
    months: BTreeSet<Month>,
}

pub(crate) fn run(args: &Args, asked: &ImportFocus) -> Result<(), Failure> {
    let by = match &asked.customer_by {
        None => CustomerBy::SubAccount,
        Some(columns) => {
            columns.parse().map_err(|error| Failure::operation(format!("--customer-by: {error}")))?
        }
    };
    let file = FocusFile::open(&asked.file, &by)?.of_type(asked.event_type.clone());
    let target = asked.skip_bad_rows.then(|| bad_rows_path(&asked.file));
    let mut bad = Bad::new(target);
    let mut replacing = asked.replace.then(|| Replacing::of_type(&asked.event_type));
    let checked = check(&file, &mut bad, replacing.as_mut())?;
    bad.refuse(&asked.file)?;
    let gateway = open(args, Missing::Create)?;
    if let Some(replacing) = &mut replacing {
        replacing.read_voided(&*gateway)?;
    }
    let created = make_customers(&*gateway, &checked.customers)?;
    let mut imported = Imported {
        rows: checked.rows,
        bad_rows: bad.count,
        bad_rows_file: (bad.count > 0).then(|| bad_rows_path(&asked.file)),
        customers: checked.customers.len(),
        customers_created: created,
        months: checked.months.iter().map(Month::to_string).collect(),
        ..Imported::default()
    };
    store(&*gateway, &file, &mut imported, replacing.as_mut())?;
    if let Some(replacing) = &replacing {
        let mut storing = Storing::new(&*gateway);
        replacing.take_back(&*gateway, |event| storing.add(0, event))?;
        imported.taken_back = storing.finish()?.accepted;
    }
    gateway.close()?;
    output::either(args.json, &imported, &summary(args, &imported, &checked))
}

/// Reads the whole file.
fn check(file: &FocusFile, bad: &mut Bad, mut replacing: Option<&mut Replacing>) -> Result<Checked, Failure> {
    let bar = progress::bytes("Checking", file.size());
    let mut checked = Checked::default();
    let mut rows = file.rows()?;
    while let Some(row) = rows.next() {
        bar.set_position(rows.bytes_read());
        match row {
            Ok(row) => {
                checked.rows += 1;
                if let Some(replacing) = &mut replacing {
                    replacing.see(row.line, &row.event)?;
                }
                checked.months.insert(row.event.time.month(&Zone::utc()));
                if !checked.customers.contains_key(&row.event.subject) {
                    checked.customers.insert(row.event.subject.clone(), row.customer);
                }
            }
            Err(RowError::File(error)) => {
                bad.discard();
                return Err(error.into());
            }
            Err(RowError::Bad(row)) => bad.add(*row, file.columns())?,
        }
    }
    bad.finish()?;
    bar.finish_and_clear();
    Ok(checked)
}

/// Makes the customers that are not there; gives how many.
fn make_customers(
    gateway: &dyn Gateway,
    customers: &BTreeMap<String, Arc<CustomerDraft>>,
) -> Result<usize, Failure> {
    let mut new = Vec::new();
    for (key, draft) in customers {
        match gateway.customer(&format!("key:{key}"))? {
            None => new.push(CustomerInput::from(CustomerDraft::clone(draft))),
            Some(there) if there.currency == draft.currency.code() => {}
            Some(there) => {
                return Err(Failure::operation(format!(
                    "customer {key} is billed in {}, and this file has its costs in {}; nothing of it was stored",
                    there.currency, draft.currency
                ))
                .next("Amounts of two currencies do not add: --customer-by ProviderName,SubAccountId,BillingCurrency makes a customer for each."));
            }
        }
    }
    let created = new.len();
    gateway.create_customers(new)?;
    Ok(created)
}

/// Stores the good rows.
fn store(
    gateway: &dyn Gateway,
    file: &FocusFile,
    imported: &mut Imported,
    mut replacing: Option<&mut Replacing>,
) -> Result<(), Failure> {
    let bar = progress::bytes("Importing", file.size());
    let mut storing = Storing::new(gateway);
    let mut rows = file.rows()?;
    while let Some(row) = rows.next() {
        bar.set_position(rows.bytes_read());
        match row {
            Ok(mut row) => {
                if let Some(replacing) = &mut replacing {
                    replacing.name(&mut row.event);
                }
                storing.add(row.line, row.event)?;
            }
            Err(RowError::File(error)) => return Err(error.into()),
            // Set aside by the first pass.
            Err(RowError::Bad(_)) => {}
        }
    }
    let stored = storing.finish()?;
    (imported.accepted, imported.duplicate) = (stored.accepted, stored.duplicate);
    imported.conflict = stored.conflict;
    bar.finish_and_clear();
    Ok(())
}

fn summary(args: &Args, imported: &Imported, checked: &Checked) -> String {
    let months: Vec<&str> = imported.months.iter().map(String::as_str).collect();
    let mut text = format!(
        "Imported {} for {} ({} new), months {}.",
        counted(imported.accepted, "row"),
        counted(imported.customers as u64, "customer"),
        imported.customers_created,
        months.join(", ")
    );
    if imported.duplicate > 0 {
        let (rows, were) = (counted(imported.duplicate, "row"), were(imported.duplicate));
        text.push_str(&format!(" {rows} {were} there already."));
    }
    if imported.conflict > 0 {
        let rows = counted(imported.conflict, "row");
        text.push_str(&format!(" {rows} stay as they were: they are stored with other content or type."));
    }
    if imported.taken_back > 0 {
        let (rows, were) = (counted(imported.taken_back, "row"), were(imported.taken_back));
        text.push_str(&format!(" {rows} of earlier imports {were} taken back."));
    }
    if let Some(path) = &imported.bad_rows_file {
        let are = if imported.bad_rows == 1 { "is" } else { "are" };
        text.push_str(&format!(
            "\n{} {} left out and {are} in {}.",
            counted(imported.bad_rows, "bad row"),
            were(imported.bad_rows),
            path.display()
        ));
    }
    if let (Some(key), Some(month)) = (checked.customers.keys().next(), months.first()) {
        let folder = &args.database;
        text.push_str(&format!("\nA bill: usage_app --database {folder} bill '{key}' --month {month}"));
    }
    text
}
