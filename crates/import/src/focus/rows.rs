//! Going through the rows of a FOCUS file: each is an event of its customer, or a bad row.

use super::columns::first;
use super::customers::Customers;
use super::{FocusFile, charge, time};
use crate::ImportError;
use crate::table::{Fault, Identities, Records, RowError, read_row, required};
use csv::StringRecord;
use std::sync::Arc;
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
        let Rows { file, records, customers, identities, .. } = self;
        let (customer, event) =
            read_row(records, &file.columns, line, |record| read(file, customers, identities, record))?;
        Ok(ImportedRow { line, customer, event })
    }
}

fn read(
    file: &FocusFile,
    customers: &mut Customers,
    identities: &mut Identities,
    record: &StringRecord,
) -> Result<(Arc<CustomerDraft>, UsageEvent), Fault> {
    let FocusFile { layout, event_type, .. } = file;
    let (data, currency) = charge::read(layout, record)?;
    let time = time::read(required(record, layout.charge_start)?)
        .map_err(|reason| Fault::at(layout.charge_start, reason))?;
    let customer = customers.of(layout, record, currency)?;
    let source = match first(record, &layout.provider) {
        Some(provider) => format!("focus/{provider}"),
        None => "focus".to_string(),
    };
    let mut event = UsageEvent {
        id: "not yet named".to_string(),
        source,
        event_type: event_type.clone(),
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
    customers.remember(&customer);
    event.id = identities.next(&[], &layout.by_name, record);
    Ok((customer, event))
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
