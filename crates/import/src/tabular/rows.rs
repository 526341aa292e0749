//! Going through the rows of a CSV file: each is an event, or a bad row.

use super::TabularFile;
use super::mapping::{Layout, Subject};
use super::time::Local;
use crate::ImportError;
use crate::json_text::DataText;
use crate::table::{BadRow, Fault, Identities, Records, RowError, UNCLOSED, read_row, required, value};
use csv::StringRecord;
use usage_domain::event::{InvalidEvent, UsageEvent};

/// The rows of a file as events, in its order.
#[derive(Debug)]
pub struct Rows<'a> {
    file: &'a TabularFile,
    records: Records,
    identities: Identities,
    local: Local,
    ended: bool,
}

impl<'a> Rows<'a> {
    pub(super) fn new(file: &'a TabularFile, records: Records) -> Rows<'a> {
        let local = Local::new(&file.layout.mapping.zone);
        Rows { file, records, identities: Identities::default(), local, ended: false }
    }

    /// Bytes of the file that were read so far, of [`TabularFile::size`].
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.records.bytes_read()
    }
}

impl Iterator for Rows<'_> {
    /// The line that a row starts on, from 1, and its event.
    type Item = Result<(u64, UsageEvent), RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.records.next() {
            Ok(Some(line)) => {
                let Rows { file, records, identities, local, .. } = self;
                let row = read_row(records, &file.columns, line, |record| {
                    event(&file.layout, local, identities, record)
                });
                Some(row.map(|event| (line, event)))
            }
            Ok(None) => {
                self.ended = true;
                None
            }
            // No row follows, and those before it are whole.
            Err(_) if self.records.is_unclosed() => {
                self.ended = true;
                let (line, record) = (self.records.line(), self.records.take());
                Some(Err(RowError::Bad(Box::new(BadRow::new(
                    line,
                    None,
                    None,
                    UNCLOSED.to_string(),
                    record,
                )))))
            }
            Err(source) => {
                self.ended = true;
                let path = self.file.path.display().to_string();
                Some(Err(RowError::File(ImportError::BreaksOff { path, line: self.records.line(), source })))
            }
        }
    }
}

fn event(
    layout: &Layout,
    local: &Local,
    identities: &mut Identities,
    record: &StringRecord,
) -> Result<UsageEvent, Fault> {
    let mapping = &layout.mapping;
    let time = local.read(required(record, layout.time)?).map_err(|reason| Fault::at(layout.time, reason))?;
    let subject = match (&mapping.subject, layout.subject) {
        (Subject::Name(name), _) => name.clone(),
        (_, Some(column)) => required(record, column)?.to_string(),
        (Subject::Column(name), None) => name.clone(),
    };
    let mut event = UsageEvent {
        id: "not yet named".to_string(),
        source: mapping.source.clone(),
        event_type: mapping.event_type.clone(),
        subject,
        time,
        time_given: true,
        data: Some(data(layout, record)),
        extensions: None,
    };
    let unfit = |error: InvalidEvent, id: Option<usize>| {
        let column = match &error {
            InvalidEvent::TooLong { field: "subject", .. } => layout.subject,
            _ => id,
        };
        Fault { column, reason: format!("the event's {error}") }
    };
    event.check().map_err(|error| unfit(error, None))?;
    // Last, so that a bad row is not counted among those of its content.
    event.id = match layout.id {
        Some(column) => required(record, column)?.to_string(),
        None => identities.next(&layout.beside, &layout.by_name, record),
    };
    event.check().map_err(|error| unfit(error, layout.id))?;
    Ok(event)
}

/// The cells that are not null, by the names of their columns. A cell that is a JSON number stays
/// that, with its digits; any other is a text.
fn data(layout: &Layout, record: &StringRecord) -> String {
    let mut data = DataText::with_capacity(record.as_slice().len() + 16 * layout.data.len());
    for column in &layout.data {
        let Some(cell) = value(record, column.place) else { continue };
        let trimmed = cell.trim_ascii();
        if !column.is_text && is_number(trimmed) {
            data.named_json(&column.name, trimmed);
        } else {
            data.named_text(&column.name, cell);
        }
    }
    data.finish()
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok()
}
