//! A bill in the terminal.

use crate::figure::parse;
use crate::table::{Table, plain};
use crate::words::{self, Part, Step};
use std::fmt::Write;
use usage_api::bill::{Bill, Line};

/// Parts of lines that are shown without being asked for.
const FEW_PARTS: usize = 40;

const COLUMNS: [(&str, bool); 6] = [
    ("Service", false),
    ("Quantity", true),
    ("Unit", false),
    ("Unit price", true),
    ("Exact amount", true),
    ("Amount", true),
];

/// The bill as text; `details` shows what every line is made of, however long that is.
#[must_use]
pub fn text(bill: &Bill, details: bool) -> String {
    let mut text = heading(bill);
    if bill.lines.is_empty() {
        text.push_str("No usage in this month.\n\n");
    } else {
        let parts: Vec<Vec<Part>> = bill.lines.iter().map(words::parts).collect();
        let count: usize = parts.iter().map(Vec::len).sum();
        let shown = details || count <= FEW_PARTS;
        let _ = write!(text, "{}\n\n", table(bill, &parts, shown));
        if !shown {
            let _ = write!(text, "--details shows the {count} parts of these lines.\n\n");
        }
    }
    text.push_str(&sums(bill));
    for other in &bill.other_currencies {
        let events = if other.events == 1 { "event" } else { "events" };
        let _ = writeln!(
            text,
            "Not in this total: {} {} of {} {events} in that currency",
            other.currency, other.exact_amount, other.events
        );
    }
    text
}

fn heading(bill: &Bill) -> String {
    let customer = &bill.customer;
    let number = bill.number.as_ref().map(|number| format!(" {number}")).unwrap_or_default();
    let key = customer.key.as_ref().map(|key| format!(", key {key}")).unwrap_or_default();
    let status = if bill.status == "open" { String::new() } else { format!(", {}", bill.status) };
    let who = plain(&format!("{} (number {}{key})", customer.name, customer.number));
    format!("Bill{number} of {who}{status}\n{}, {}, in {}\n\n", bill.month, bill.time_zone, bill.currency)
}

fn table(bill: &Bill, parts: &[Vec<Part>], shown: bool) -> Table {
    let mut table = Table::new(&COLUMNS);
    for (line, parts) in bill.lines.iter().zip(parts) {
        table.row(row(line));
        if !shown {
            continue;
        }
        if let Some(origin) = words::origin(bill, line) {
            table.row(vec![format!("  ({origin})")]);
        }
        parts.iter().for_each(|part| table.row(part_row(part)));
    }
    table
}

fn row(line: &Line) -> Vec<String> {
    vec![
        line.service.clone(),
        line.quantity.clone().unwrap_or_default(),
        line.unit.clone().unwrap_or_default(),
        line.unit_price.clone().unwrap_or_default(),
        line.exact_amount.clone(),
        line.amount.clone(),
    ]
}

fn part_row(part: &Part) -> Vec<String> {
    vec![
        format!("  {}", part.label),
        part.quantity.clone().unwrap_or_default(),
        part.unit.clone().unwrap_or_default(),
        part.unit_price.clone().unwrap_or_default(),
        part.exact_amount.clone().unwrap_or_default(),
        String::new(),
    ]
}

/// From the lines to the total.
fn sums(bill: &Bill) -> String {
    let steps = words::steps(bill);
    let widest = steps.iter().map(|step| step.amount.len()).chain([bill.subtotal.len()]).max().unwrap_or(0);
    let mut text = String::new();
    if !steps.is_empty() {
        let _ = writeln!(text, "Subtotal     {:>widest$}", bill.subtotal);
    }
    let line = |step: &Step| format!("{:<12} {:>widest$}  {}\n", step.kind, step.amount, plain(&step.name));
    text.extend(steps.iter().filter(|step| !step.is_included).map(line));
    let _ = writeln!(text, "Total        {}", bill.total_formatted);
    text.extend(steps.iter().filter(|step| step.is_included).map(line));
    // Without taxes and the like the total is the sum of the lines.
    let lines = if steps.is_empty() { &bill.total } else { &bill.subtotal };
    if parse(&bill.exact_total) != parse(lines) {
        let _ = writeln!(text, "before rounding each line: {}", bill.exact_total);
    }
    text
}
