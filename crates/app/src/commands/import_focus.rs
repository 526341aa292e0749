//! `import focus`: a cloud's cost export. The file is read twice: checked whole, then stored, so that
//! a bad row refuses the file before anything of it is stored. Importing it again changes nothing.

use crate::args::{Args, ImportFocus};
use crate::failure::Failure;
use crate::gateway::{Gateway, Missing, open};
use crate::output;
use crate::output::{counted, progress};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use usage_api::customer::CustomerInput;
use usage_domain::customer::CustomerDraft;
use usage_domain::time::{Month, Zone};
use usage_import::focus::{BadRow, BadRows, CustomerBy, FocusFile, RowError};

/// Events that are stored at a time.
const PART: usize = 5000;
/// Bad rows that are shown.
const SHOWN: usize = 10;

/// What was imported.
#[derive(Debug, Default, Serialize)]
struct Imported {
    /// Good rows of the file.
    rows: u64,
    /// Rows stored now.
    accepted: u64,
    /// Rows that were there already.
    duplicate: u64,
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
    bad: Vec<BadRow>,
    bad_count: u64,
}

pub(crate) fn run(args: &Args, asked: &ImportFocus) -> Result<(), Failure> {
    let by = match &asked.customer_by {
        None => CustomerBy::SubAccount,
        Some(columns) => {
            columns.parse().map_err(|error| Failure::operation(format!("--customer-by: {error}")))?
        }
    };
    let file = FocusFile::open(&asked.file, &by)?;
    let bad_file = bad_rows_path(&asked.file);
    let checked = check(&file, asked.skip_bad_rows.then_some(bad_file.as_path()))?;
    if checked.bad_count > 0 && !asked.skip_bad_rows {
        return Err(refused(&asked.file, &checked));
    }
    let gateway = open(args, Missing::Create)?;
    let created = make_customers(&*gateway, &checked.customers)?;
    let mut imported = Imported {
        rows: checked.rows,
        bad_rows: checked.bad_count,
        bad_rows_file: (checked.bad_count > 0).then_some(bad_file),
        customers: checked.customers.len(),
        customers_created: created,
        months: checked.months.iter().map(Month::to_string).collect(),
        ..Imported::default()
    };
    store(&*gateway, &file, &mut imported)?;
    gateway.close()?;
    output::either(args.json, &imported, &summary(args, &imported, &checked))
}

fn bad_rows_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".bad.csv");
    PathBuf::from(name)
}

/// Reads the whole file; bad rows go to `bad_file` where there is one.
fn check(file: &FocusFile, bad_file: Option<&Path>) -> Result<Checked, Failure> {
    let bar = progress::bytes("Checking", file.size());
    let mut checked = Checked::default();
    let mut writer: Option<BadRows<BufWriter<File>>> = None;
    let mut rows = file.rows()?;
    while let Some(row) = rows.next() {
        bar.set_position(rows.bytes_read());
        match row {
            Ok(row) => {
                checked.rows += 1;
                checked.months.insert(row.event.time.month(&Zone::utc()));
                if !checked.customers.contains_key(&row.event.subject) {
                    checked.customers.insert(row.event.subject.clone(), row.customer);
                }
            }
            Err(RowError::File(error)) => return Err(error.into()),
            Err(RowError::Bad(bad)) => {
                if let Some(path) = bad_file {
                    write_bad(&mut writer, path, file, &bad)?;
                }
                checked.bad_count += 1;
                if checked.bad.len() < SHOWN {
                    checked.bad.push(*bad);
                }
            }
        }
    }
    if let (Some(writer), Some(path)) = (writer, bad_file) {
        writer
            .finish()
            .map_err(|error| Failure::operation(format!("cannot write {}: {error}", path.display())))?;
    }
    bar.finish_and_clear();
    Ok(checked)
}

fn write_bad(
    writer: &mut Option<BadRows<BufWriter<File>>>,
    path: &Path,
    file: &FocusFile,
    bad: &BadRow,
) -> Result<(), Failure> {
    let failed =
        |error: std::io::Error| Failure::operation(format!("cannot write {}: {error}", path.display()));
    if writer.is_none() {
        let target = BufWriter::new(File::create(path).map_err(failed)?);
        *writer = Some(BadRows::new(target, file).map_err(failed)?);
    }
    writer.as_mut().map_or(Ok(()), |writer| writer.write(bad)).map_err(failed)
}

fn refused(path: &Path, checked: &Checked) -> Failure {
    let shown: Vec<String> = checked.bad.iter().map(|bad| format!("\n  {bad}")).collect();
    let more = match checked.bad_count - checked.bad.len() as u64 {
        0 => String::new(),
        n => format!("\n  and {n} more"),
    };
    let (count, name) = (checked.bad_count, path.display());
    let rows = if count == 1 { "row" } else { "rows" };
    Failure::operation(format!(
        "{count} bad {rows} in {name}, so nothing of it was stored:{}{more}",
        shown.join("")
    ))
    .next(format!(
        "Mend them, or import the others with --skip-bad-rows; the bad ones then go to {name}.bad.csv."
    ))
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
fn store(gateway: &dyn Gateway, file: &FocusFile, imported: &mut Imported) -> Result<(), Failure> {
    let bar = progress::bytes("Importing", file.size());
    let mut part = Vec::with_capacity(PART);
    let mut rows = file.rows()?;
    loop {
        let row = rows.next();
        bar.set_position(rows.bytes_read());
        let last = row.is_none();
        match row {
            Some(Ok(row)) => part.push(row.event),
            Some(Err(RowError::File(error))) => return Err(error.into()),
            // Set aside by the first pass.
            Some(Err(RowError::Bad(_))) | None => {}
        }
        if part.len() == PART || last {
            let report = gateway.ingest(std::mem::take(&mut part)).map_err(|failure| {
                failure.next(format!(
                    "{} rows were stored before; run the import again, none counts twice.",
                    imported.accepted + imported.duplicate
                ))
            })?;
            imported.accepted += report.accepted;
            imported.duplicate += report.duplicate;
        }
        if last {
            break;
        }
    }
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
        text.push_str(&format!(" {} rows were there already.", imported.duplicate));
    }
    if let Some(path) = &imported.bad_rows_file {
        text.push_str(&format!(
            "\n{} bad rows were left out and are in {}.",
            imported.bad_rows,
            path.display()
        ));
    }
    if let (Some(key), Some(month)) = (checked.customers.keys().next(), months.first()) {
        let folder = &args.database;
        text.push_str(&format!("\nA bill: usage_app --database {folder} bill '{key}' --month {month}"));
    }
    text
}
