//! Rows of CSV files, plain or gzip, whatever they are about.
//!
//! Owns records and the lines they start on, what is null, what a row is called by its content, and
//! what is said of a row that cannot be imported.

mod bad_rows;
mod identity;
mod records;
mod source;

pub use bad_rows::{BadRow, BadRows};
pub(crate) use identity::{Identities, short_name};
pub(crate) use records::{Records, UNCLOSED};
pub use source::MAX_ROW;

use crate::ImportError;
use csv::StringRecord;
use std::path::Path;

/// Why there is no row to import.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    /// This row is not usable; the next one may be.
    #[error(transparent)]
    Bad(Box<BadRow>),
    /// The file cannot be read any further; no row follows.
    #[error(transparent)]
    File(#[from] ImportError),
}

/// What is wrong with a row, and in which column.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) column: Option<usize>,
    pub(crate) reason: String,
}

impl Fault {
    pub(crate) fn at(column: usize, reason: impl Into<String>) -> Fault {
        Fault { column: Some(column), reason: reason.into() }
    }
}

/// The value of a column, if it is not null.
pub(crate) fn value(record: &StringRecord, column: usize) -> Option<&str> {
    record.get(column).filter(|value| !is_null(value))
}

/// The value of a column that must not be null.
pub(crate) fn required(record: &StringRecord, column: usize) -> Result<&str, Fault> {
    value(record, column).ok_or_else(|| Fault::at(column, IS_NULL))
}

pub(crate) const IS_NULL: &str = "must not be null";

fn is_null(value: &str) -> bool {
    value.is_empty() || value == "NULL"
}

/// Reads the names of the columns, which are the first record; `None` where there is none.
pub(crate) fn header(records: &mut Records, path: &Path) -> Result<Option<Vec<String>>, ImportError> {
    let shown = || path.display().to_string();
    if records.next().map_err(|source| ImportError::Unreadable { path: shown(), source })?.is_none() {
        return Ok(None);
    }
    let wrong = |reason: String| ImportError::Header { path: shown(), reason };
    let mut columns: Vec<String> = Vec::new();
    for name in records.record() {
        let name = std::str::from_utf8(name).map_err(|_| wrong("is not UTF-8 text".to_string()))?;
        if columns.iter().any(|column| column == name) {
            return Err(wrong(format!("has the column \"{name}\" twice")));
        }
        columns.push(name.to_string());
    }
    Ok(Some(columns))
}

/// Takes the record that was read last as a row of the table, and reads it.
pub(crate) fn read_row<T>(
    records: &mut Records,
    columns: &[String],
    line: u64,
    read: impl FnOnce(&StringRecord) -> Result<T, Fault>,
) -> Result<T, RowError> {
    let bad = |column: Option<usize>, reason: String, record| {
        let name = column.map(|i| columns[i].clone());
        RowError::Bad(Box::new(BadRow::new(line, name, column, reason, record)))
    };
    let record = records.take();
    if record.len() != columns.len() {
        let reason = format!("{} fields, where the header has {}", record.len(), columns.len());
        return Err(bad(None, reason, record));
    }
    let record = match StringRecord::from_byte_record(record) {
        Ok(record) => record,
        Err(error) => {
            let column = error.utf8_error().field();
            return Err(bad(Some(column), "not UTF-8 text".to_string(), error.into_byte_record()));
        }
    };
    match read(&record) {
        Ok(row) => {
            records.give_back(record.into_byte_record());
            Ok(row)
        }
        Err(Fault { column, reason }) => Err(bad(column, reason, record.into_byte_record())),
    }
}
