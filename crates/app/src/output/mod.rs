//! What is written: text for people, JSON for programs.

pub(crate) mod progress;

pub(crate) use usage_faces::table;

use crate::failure::Failure;
use serde::Serialize;
use std::io::{ErrorKind, Write};
use usage_domain::decimal::Decimal;
use usage_domain::money::Money;

/// Writes to standard output. A reader that has seen enough (`| head`) is no failure.
pub(crate) fn write(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::operation(format!("cannot write the output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes data as JSON, one document.
pub(crate) fn json(data: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(data).map_err(|error| Failure::operation(error.to_string()))?;
    write(&format!("{text}\n"))
}

/// Writes data as JSON where that was asked for, and else the text about it.
pub(crate) fn either(as_json: bool, data: &impl Serialize, text: &str) -> Result<(), Failure> {
    if as_json { json(data) } else { write(&format!("{text}\n")) }
}

/// An amount with all digits of its currency's minor unit, such as `76.50`.
pub(crate) fn figure(amount: Decimal, currency: &str) -> String {
    match currency.parse() {
        Ok(currency) => Money { amount, currency }.figure(),
        Err(_) => amount.to_string(),
    }
}

/// A count with its noun: `1 event`, `2 events`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// What a count of things does: `was`, or `were`.
pub(crate) fn were(count: u64) -> &'static str {
    if count == 1 { "was" } else { "were" }
}
