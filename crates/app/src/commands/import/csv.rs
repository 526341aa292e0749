//! `import csv`: a CSV file of any columns. The file is read twice: checked whole, then stored, so
//! that a bad row refuses the file before anything of it is stored. Importing it again changes nothing.

use super::rows::{Bad, Storing, bad_rows_path};
use crate::args::{Args, ImportCsv};
use crate::failure::Failure;
use crate::gateway::{Missing, open};
use crate::output;
use crate::output::{counted, progress, were};
use serde::Serialize;
use std::path::PathBuf;
use usage_domain::time::Timestamp;
use usage_import::tabular::{Mapping, RowError, Subject, TabularFile};

/// What was imported.
#[derive(Debug, Default, Serialize)]
struct Imported {
    /// Good rows of the file.
    rows: u64,
    /// Rows stored now.
    accepted: u64,
    /// Rows that were there already.
    duplicate: u64,
    /// Rows whose id was there already with other content, which stands.
    conflict: u64,
    /// Rows that were left out, and where they are.
    bad_rows: u64,
    bad_rows_file: Option<PathBuf>,
    /// The earliest and the latest time of a row.
    from: Option<String>,
    to: Option<String>,
}

pub(crate) fn run(args: &Args, asked: &ImportCsv) -> Result<(), Failure> {
    let file = TabularFile::open(&asked.file, mapping(asked)?)?;
    let target = asked.skip_bad_rows.then(|| bad_rows_path(&asked.file));
    let (mut imported, bad) = check(&file, Bad::new(target))?;
    bad.refuse(&asked.file)?;
    imported.bad_rows_file = (imported.bad_rows > 0).then(|| bad_rows_path(&asked.file));
    let gateway = open(args, Missing::Create)?;
    let bar = progress::bytes("Importing", file.size());
    let mut storing = Storing::new(&*gateway);
    let mut rows = file.rows()?;
    while let Some(row) = rows.next() {
        bar.set_position(rows.bytes_read());
        match row {
            Ok((line, event)) => storing.add(line, event)?,
            Err(RowError::File(error)) => return Err(error.into()),
            // Set aside by the first pass.
            Err(RowError::Bad(_)) => {}
        }
    }
    let stored = storing.finish()?;
    bar.finish_and_clear();
    gateway.close()?;
    (imported.accepted, imported.duplicate) = (stored.accepted, stored.duplicate);
    imported.conflict = stored.conflict;
    if let Some(line) = stored.first_conflict {
        return Err(Failure::operation(format!(
            "{} stored already under the same id with other content, the first on line {line}; what is stored stands, the {} others are stored",
            are(stored.conflict, &asked.file.display().to_string()),
            stored.accepted + stored.duplicate,
        ))
        .next("Ids are unique under a source: another --source keeps files apart."));
    }
    output::either(args.json, &imported, &summary(&imported))
}

fn are(rows: u64, file: &str) -> String {
    if rows == 1 { format!("1 row of {file} is") } else { format!("{rows} rows of {file} are") }
}

fn mapping(asked: &ImportCsv) -> Result<Mapping, Failure> {
    let Ok(subject) = asked.subject.parse::<Subject>();
    if subject == Subject::Name(String::new()) {
        return Err(Failure::operation("--subject: a name must come after ="));
    }
    let named = [("--type", &asked.event_type), ("--source", &asked.source)];
    if let Some((option, _)) = named.into_iter().find(|(_, text)| text.is_empty()) {
        return Err(Failure::operation(format!("{option} must not be empty")));
    }
    Ok(Mapping {
        event_type: asked.event_type.clone(),
        source: asked.source.clone(),
        time: asked.time.clone(),
        zone: asked.zone.parse()?,
        subject,
        id: asked.id.clone(),
        columns: asked.columns.clone(),
        texts: asked.text.clone(),
    })
}

/// Reads the whole file.
fn check(file: &TabularFile, mut bad: Bad) -> Result<(Imported, Bad), Failure> {
    let bar = progress::bytes("Checking", file.size());
    let mut imported = Imported::default();
    let mut times: Option<(Timestamp, Timestamp)> = None;
    let mut rows = file.rows()?;
    while let Some(row) = rows.next() {
        bar.set_position(rows.bytes_read());
        match row {
            Ok((_, event)) => {
                imported.rows += 1;
                let (first, last) = times.unwrap_or((event.time, event.time));
                times = Some((first.min(event.time), last.max(event.time)));
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
    imported.bad_rows = bad.count;
    (imported.from, imported.to) = times.map(|(from, to)| (from.to_string(), to.to_string())).unzip();
    Ok((imported, bad))
}

fn summary(imported: &Imported) -> String {
    let mut text = format!("Imported {}", counted(imported.accepted, "row"));
    if let (Some(from), Some(to)) = (&imported.from, &imported.to) {
        text.push_str(&format!(", times {from} to {to}"));
    }
    text.push('.');
    if imported.duplicate > 0 {
        let (rows, were) = (counted(imported.duplicate, "row"), were(imported.duplicate));
        text.push_str(&format!(" {rows} {were} there already."));
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
    text
}
