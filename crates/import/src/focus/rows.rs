//! Going through the rows of a FOCUS file: each is an event of its customer, or a bad row.

use super::bad_rows::BadRow;
use super::columns::{Fault, first, required};
use super::customers::Customers;
use super::identity::Identities;
use super::records::Records;
use super::{FocusFile, charge, time};
use crate::ImportError;
use csv::{ByteRecord, StringRecord};
use std::sync::Arc;
use usage_domain::charge::CHARGE_TYPE;
use usage_domain::customer::CustomerDraft;
use usage_domain::event::{InvalidEvent, UsageEvent};

/// A row that can be billed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedRow {
    /// The line that it starts on, from 1.
    pub line: u64,
    /// Whose it is: the same draft for all rows of a customer, as its first row described it.
    pub customer: Arc<CustomerDraft>,
    /// What it says was used; its subject is the customer's key.
    pub event: UsageEvent,
}

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

/// The rows of a file, in its order.
#[derive(Debug)]
pub struct Rows<'a> {
    file: &'a FocusFile,
    records: Records,
    customers: Customers,
    identities: Identities,
    ended: bool,
}

impl<'a> Rows<'a> {
    pub(super) fn new(file: &'a FocusFile, records: Records) -> Rows<'a> {
        let (customers, identities) = (Customers::default(), Identities::default());
        Rows { file, records, customers, identities, ended: false }
    }

    /// Bytes of the file that were read so far, of [`FocusFile::size`].
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.records.bytes_read()
    }

    /// Takes the record that was read last as a row.
    fn row(&mut self, line: u64) -> Result<ImportedRow, RowError> {
        let columns = &self.file.columns;
        let bad = |column: Option<usize>, reason: String, record: ByteRecord| {
            RowError::Bad(Box::new(BadRow::new(
                line,
                column.map(|i| columns[i].clone()),
                column,
                reason,
                record,
            )))
        };
        let record = self.records.take();
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
        match self.read(&record) {
            Ok((customer, event)) => {
                self.records.give_back(record.into_byte_record());
                Ok(ImportedRow { line, customer, event })
            }
            Err(Fault { column, reason }) => Err(bad(column, reason, record.into_byte_record())),
        }
    }

    fn read(&mut self, record: &StringRecord) -> Result<(Arc<CustomerDraft>, UsageEvent), Fault> {
        let layout = &self.file.layout;
        let (data, currency) = charge::read(layout, record)?;
        let time = time::read(required(record, layout.charge_start)?)
            .map_err(|reason| Fault::at(layout.charge_start, reason))?;
        let customer = self.customers.of(layout, record, currency)?;
        let source = match first(record, &layout.provider) {
            Some(provider) => format!("focus/{provider}"),
            None => "focus".to_string(),
        };
        let mut event = UsageEvent {
            id: "not yet named".to_string(),
            source,
            event_type: CHARGE_TYPE.to_string(),
            subject: customer.key.clone().unwrap_or_default(),
            time,
            time_given: true,
            data: Some(data),
            extensions: None,
        };
        event.check().map_err(|error| {
            let column = match &error {
                InvalidEvent::TooLong { field: "source", .. } => layout.provider.first().copied(),
                _ => None,
            };
            Fault { column, reason: format!("the event's {error}") }
        })?;
        self.customers.remember(&customer);
        event.id = self.identities.next(layout, record);
        Ok((customer, event))
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<ImportedRow, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.records.next() {
            Ok(Some(line)) => Some(self.row(line)),
            Ok(None) => {
                self.ended = true;
                None
            }
            Err(source) => {
                self.ended = true;
                let path = self.file.path.display().to_string();
                let line = self.records.line();
                Some(Err(RowError::File(ImportError::BreaksOff { path, line, source })))
            }
        }
    }
}
