//! FOCUS 1.x cost and usage files, plain or gzip, as customers and usage events.
//!
//! Owns how a row becomes a charge and how it is named for ever: importing a file twice, in another
//! column order, quoted otherwise or compressed, gives the same events. A row's amount is its own
//! ([`BilledCost`]), never a price times a quantity. Rows are streamed: what is kept of a file is a
//! count per distinct row and its customers, never its rows.
//!
//! [`BilledCost`]: https://focus.finops.org/focus-columns/

mod charge;
mod columns;
mod customer_by;
mod customers;
mod rows;
mod scope;
mod time;

pub use customer_by::{CustomerBy, NoColumns};
pub use rows::{ImportedRow, Rows};
pub use scope::Scope;

pub use crate::table::{BadRow, BadRows, MAX_ROW, RowError};

use crate::ImportError;
use crate::table::{self, Records};
use columns::Layout;
use std::path::{Path, PathBuf};
use usage_domain::charge::CHARGE_TYPE;

/// A FOCUS file of which the header has been read.
#[derive(Debug)]
pub struct FocusFile {
    path: PathBuf,
    size: u64,
    columns: Vec<String>,
    layout: Layout,
    event_type: String,
}

impl FocusFile {
    /// Opens a file, compressed or not, and reads its header.
    ///
    /// # Errors
    /// A file that cannot be read, has no FOCUS header, or has no such columns as customers are to
    /// be told apart by.
    pub fn open(path: impl AsRef<Path>, by: &CustomerBy) -> Result<FocusFile, ImportError> {
        let path = path.as_ref().to_path_buf();
        let mut records = Records::open(&path)?;
        let columns = header(&mut records, &path)?;
        let layout = Layout::new(&path, &columns, by)?;
        let event_type = CHARGE_TYPE.to_string();
        Ok(FocusFile { size: records.size(), path, columns, layout, event_type })
    }

    /// The same file, whose rows become events of another type than charges: they cost nothing by
    /// themselves, and are for a meter.
    #[must_use]
    pub fn of_type(self, event_type: String) -> FocusFile {
        FocusFile { event_type, ..self }
    }

    /// Its rows from the first. It can be called again: the rows have the same ids then.
    ///
    /// # Errors
    /// A file that can no longer be read, or has another header or size now.
    pub fn rows(&self) -> Result<Rows<'_>, ImportError> {
        let mut records = Records::open(&self.path)?;
        if header(&mut records, &self.path)? != self.columns || records.size() != self.size {
            return Err(ImportError::Changed { path: self.path.display().to_string() });
        }
        Ok(Rows::new(self, records))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its size in bytes as it is on the disk: what [`Rows::bytes_read`] ends at.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The names of its columns, in its order.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }
}

fn header(records: &mut Records, path: &Path) -> Result<Vec<String>, ImportError> {
    table::header(records, path)?.ok_or_else(|| ImportError::Empty { path: path.display().to_string() })
}
