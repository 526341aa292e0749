//! Why a file as a whole cannot be imported. What is wrong with one row of a FOCUS file is a
//! [`BadRow`](crate::focus::BadRow) instead.

use std::io;

/// Why a file cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be opened or read.
    #[error("{path} cannot be read")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file breaks off, or is damaged, in the middle.
    #[error("{path} line {line} and what follows cannot be read")]
    BreaksOff {
        /// The file.
        path: String,
        /// The line of the first row that could not be read.
        line: u64,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Columns that every FOCUS file has are not there.
    #[error("{path}: this is not a FOCUS file: it has no column {}", missing.join(", "))]
    NotFocus {
        /// The file.
        path: String,
        /// All that are missing.
        missing: Vec<String>,
    },
    /// There is nothing in the file.
    #[error("{path}: this is not a FOCUS file: it is empty")]
    Empty {
        /// The file.
        path: String,
    },
    /// There is nothing in the file, not even a header.
    #[error("{path} is empty: it has no header")]
    NoHeader {
        /// The file.
        path: String,
    },
    /// A column that was named is not there.
    #[error("{path} has no column \"{column}\"; its columns are {}", columns.join(", "))]
    MissingColumn {
        /// The file.
        path: String,
        /// The column asked for.
        column: String,
        /// The columns that the file has.
        columns: Vec<String>,
    },
    /// The header is not text, or ambiguous.
    #[error("{path}: the header {reason}")]
    Header {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Customers are to be told apart by a column that is not there.
    #[error(
        "{path} has no column \"{column}\" to tell customers apart by; its columns are {}",
        columns.join(", ")
    )]
    NoSuchColumn {
        /// The file.
        path: String,
        /// The column asked for.
        column: String,
        /// The columns that the file has.
        columns: Vec<String>,
    },
    /// The file has another header or size than when it was opened.
    #[error("{path} was changed while it was read")]
    Changed {
        /// The file.
        path: String,
    },
    /// A fixture that is refused.
    #[error("{file} line {line}: {}{reason}", field.as_ref().map(|f| format!("{f}: ")).unwrap_or_default())]
    Fixture {
        /// The file.
        file: String,
        /// The line of the field, or else of the record, from 1.
        line: u64,
        /// The field.
        field: Option<String>,
        /// What is wrong with it.
        reason: String,
    },
}
