//! The customers of a FOCUS file: who a row's customer is, and that it is billed in one currency.

use super::columns::{CustomerColumns, Layout, first};
use crate::table::{Fault, IS_NULL, required, value};
use csv::StringRecord;
use std::collections::HashMap;
use std::sync::Arc;
use usage_domain::currency::Currency;
use usage_domain::customer::{CustomerDraft, InvalidCustomer};

/// The customers that were seen so far, by their keys.
#[derive(Debug, Default)]
pub(super) struct Customers {
    seen: HashMap<String, Arc<CustomerDraft>>,
    key: String,
}

impl Customers {
    /// The customer of a row, as its first row described it. It counts as seen from
    /// [`Customers::remember`] on.
    pub(super) fn of(
        &mut self,
        layout: &Layout,
        record: &StringRecord,
        currency: Currency,
    ) -> Result<Arc<CustomerDraft>, Fault> {
        let named_by = write_key(layout, record, &mut self.key)?;
        if let Some(known) = self.seen.get(&self.key) {
            if known.currency != currency {
                let reason =
                    format!("customer {} has rows in {} before: one currency each", self.key, known.currency);
                return Err(Fault::at(layout.currency, reason));
            }
            return Ok(Arc::clone(known));
        }
        let name = layout.customer_name.and_then(|column| value(record, column)).unwrap_or(&self.key);
        let draft = CustomerDraft { key: Some(self.key.clone()), currency, ..CustomerDraft::named(name) };
        match draft.check() {
            Ok(()) => Ok(Arc::new(draft)),
            Err(InvalidCustomer::Field { field: "name", reason }) if layout.customer_name.is_some() => {
                Err(Fault { column: layout.customer_name, reason })
            }
            Err(InvalidCustomer::Field { field, reason }) => {
                Err(Fault::at(named_by, format!("the customer's {field} {reason}")))
            }
        }
    }

    /// Makes a customer known to the rows that follow.
    pub(super) fn remember(&mut self, customer: &Arc<CustomerDraft>) {
        let Some(key) = &customer.key else { return };
        if !self.seen.contains_key(key) {
            self.seen.insert(key.clone(), Arc::clone(customer));
        }
    }
}

/// Writes the key of a row's customer; the column that it ends with.
fn write_key(layout: &Layout, record: &StringRecord, key: &mut String) -> Result<usize, Fault> {
    key.clear();
    let mut add = |text: &str| {
        if !key.is_empty() {
            key.push(':');
        }
        key.push_str(text);
    };
    match &layout.customer {
        CustomerColumns::Account(accounts) => {
            let null = |columns: &[usize]| Fault { column: columns.first().copied(), reason: IS_NULL.into() };
            add(first(record, &layout.provider).ok_or_else(|| null(&layout.provider))?);
            add(first(record, accounts).ok_or_else(|| null(accounts))?);
            Ok(accounts[0])
        }
        CustomerColumns::Each(columns) => {
            for column in columns {
                add(required(record, *column)?);
            }
            Ok(columns[0])
        }
    }
}
