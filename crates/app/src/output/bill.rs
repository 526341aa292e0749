//! A bill in the terminal.

use super::counted;
use super::table::Table;
use std::fmt::Write;
use usage_api::bill::{Bill, Detail, Line};
use usage_domain::decimal::Decimal;

/// Parts of lines that are shown without being asked for.
const FEW_DETAILS: usize = 40;

const COLUMNS: [(&str, bool); 6] = [
    ("Service", false),
    ("Quantity", true),
    ("Unit", false),
    ("Unit price", true),
    ("Exact amount", true),
    ("Amount", true),
];

/// The bill as text; `details` shows what every line is made of, however long that is.
pub(crate) fn text(bill: &Bill, details: bool) -> String {
    let customer = &bill.customer;
    let key = customer.key.as_ref().map(|key| format!(", key {key}")).unwrap_or_default();
    let mut text = format!(
        "Bill of {} (number {}{key})\n{}, {}, in {}\n\n",
        customer.name, customer.number, bill.month, bill.time_zone, bill.currency
    );
    if bill.lines.is_empty() {
        text.push_str("No usage in this month.\n\n");
    } else {
        let count: usize =
            bill.lines.iter().filter(|line| worth_showing(line)).map(|line| line.details.len()).sum();
        let shown = details || count <= FEW_DETAILS;
        let _ = write!(text, "{}\n\n", table(bill, shown));
        if !shown {
            let _ = write!(text, "--details shows the {count} parts of these lines.\n\n");
        }
    }
    let _ = writeln!(text, "Total        {}", bill.total_formatted);
    let figure = |text: &str| text.parse::<Decimal>();
    if figure(&bill.exact_total) != figure(&bill.total) {
        let _ = writeln!(text, "before rounding each line: {}", bill.exact_total);
    }
    for other in &bill.other_currencies {
        let _ = writeln!(
            text,
            "Not in this total: {} {} of {} in that currency",
            other.currency,
            other.exact_amount,
            counted(other.events, "event")
        );
    }
    text
}

fn table(bill: &Bill, details: bool) -> Table {
    let mut table = Table::new(&COLUMNS);
    for line in &bill.lines {
        table.row(vec![
            line.service.clone(),
            line.quantity.clone().unwrap_or_default(),
            line.unit.clone().unwrap_or_default(),
            line.unit_price.clone().unwrap_or_default(),
            line.exact_amount.clone(),
            line.amount.clone(),
        ]);
        if details && worth_showing(line) {
            for detail in &line.details {
                table.row(row(detail));
            }
        }
    }
    table
}

/// Whether the parts of a line say more than the line.
fn worth_showing(line: &Line) -> bool {
    line.details.len() > 1 || line.details.iter().any(|detail| detail.description.is_some())
}

fn row(detail: &Detail) -> Vec<String> {
    vec![
        format!("  {}", detail.description.as_deref().unwrap_or("·")),
        detail.quantity.clone().unwrap_or_default(),
        detail.unit.clone().unwrap_or_default(),
        detail.unit_price.clone().unwrap_or_default(),
        detail.exact_amount.clone().unwrap_or_default(),
        String::new(),
    ]
}
