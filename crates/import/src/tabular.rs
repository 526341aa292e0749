//! CSV files of any columns, plain or gzip, as usage events of one type.
//!
//! Owns which column is what, how a cell becomes a property of the event's data, and how a row is
//! named for ever: by an id column, or else by its content, so that importing a file again, in
//! another column order, quoted otherwise or compressed, gives the same events. Rows are streamed:
//! what is kept of a file is a count per distinct row.

mod mapping;
mod rows;
mod time;

pub use mapping::{Mapping, Subject};
pub use rows::Rows;

pub use crate::table::{BadRow, BadRows, RowError};

use crate::ImportError;
use crate::table::{self, Records};
use mapping::Layout;
use std::path::{Path, PathBuf};

/// A CSV file of which the header has been read.
#[derive(Debug)]
pub struct TabularFile {
    path: PathBuf,
    size: u64,
    columns: Vec<String>,
    layout: Layout,
}

impl TabularFile {
    /// Opens a file, compressed or not, and finds the columns that the mapping names.
    ///
    /// # Errors
    /// A file that cannot be read, or lacks a column.
    pub fn open(path: impl AsRef<Path>, mapping: Mapping) -> Result<TabularFile, ImportError> {
        let path = path.as_ref().to_path_buf();
        let mut records = Records::open(&path)?;
        let columns = header(&mut records, &path)?;
        let layout = Layout::new(mapping, &path, &columns)?;
        Ok(TabularFile { size: records.size(), path, columns, layout })
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
    table::header(records, path)?.ok_or_else(|| ImportError::NoHeader { path: path.display().to_string() })
}
