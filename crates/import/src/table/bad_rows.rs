//! Rows that cannot be imported: what is wrong with them, and a file of them to be mended.

use csv::{ByteRecord, Writer, WriterBuilder};
use std::fmt;
use std::io::{self, Write};

/// How much of a value is shown.
const SHOWN: usize = 64;

/// A row that cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct BadRow {
    /// The line that it starts on, from 1.
    pub line: u64,
    /// The column that is wrong, where it is one.
    pub column: Option<String>,
    /// What the row has in that column; bytes that are no text are replaced.
    pub value: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// The whole row as it was read.
    pub record: ByteRecord,
}

impl BadRow {
    pub(crate) fn new(
        line: u64,
        column: Option<String>,
        place: Option<usize>,
        reason: String,
        record: ByteRecord,
    ) -> BadRow {
        let value = place.and_then(|i| record.get(i)).map(|v| String::from_utf8_lossy(v).into_owned());
        BadRow { line, column, value, reason, record }
    }
}

impl fmt::Display for BadRow {
    /// `line 42: BilledCost "twelve": not a number`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        if let Some(column) = &self.column {
            write!(f, "{column}")?;
            match self.value.as_deref() {
                None | Some("") => f.write_str(": ")?,
                Some(value) if value.chars().nth(SHOWN).is_some() => {
                    let start: String = value.chars().take(SHOWN).collect();
                    write!(f, " {start:?}…: ")?;
                }
                Some(value) => write!(f, " {value:?}: ")?,
            }
        }
        f.write_str(&self.reason)
    }
}

/// A CSV file of bad rows under the header of the file that they are from: mended, it can be
/// imported like that file.
#[derive(Debug)]
pub struct BadRows<W: Write> {
    writer: Writer<W>,
}

impl<W: Write> BadRows<W> {
    /// Begins with a header of these columns.
    ///
    /// # Errors
    /// What `writer` cannot write.
    pub fn new(writer: W, columns: &[String]) -> io::Result<BadRows<W>> {
        let mut writer = WriterBuilder::new().flexible(true).from_writer(writer);
        writer.write_record(columns)?;
        Ok(BadRows { writer })
    }

    /// Adds a row as it was read.
    ///
    /// # Errors
    /// What cannot be written.
    pub fn write(&mut self, row: &BadRow) -> io::Result<()> {
        Ok(self.writer.write_byte_record(&row.record)?)
    }

    /// Writes all that is not written yet.
    ///
    /// # Errors
    /// What cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
