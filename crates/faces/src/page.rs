//! A bill as a page to read and to print.
//!
//! Owns what the page shows; how it looks is in `templates/`. The page stands alone: no script, nothing
//! that is loaded, and whatever a customer, a seller or an event says is text in it, never markup.

use crate::local;
use crate::words::{self, Part, Step};
use askama::Template;
use usage_api::bill::{Bill, Line};

/// Parts of a line that are printed. A page of more is read by nobody; the other forms have them all.
pub(crate) const MAX_PARTS: usize = 200;

/// Who sends a bill.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seller {
    /// The name; none is shown where it is empty.
    pub name: String,
    /// The lines of the address, and whatever else has to stand there: a tax number, an account.
    pub address: Vec<String>,
}

/// The bill as an HTML document (UTF-8).
#[must_use]
pub fn html(bill: &Bill, seller: &Seller) -> String {
    Page::new(bill, seller).render().expect("a template without fallible parts")
}

#[derive(Template)]
#[template(path = "bill.html")]
struct Page<'a> {
    bill: &'a Bill,
    seller: &'a Seller,
    /// Of the document and of the page.
    title: String,
    /// What lies across the page where it is not to be paid.
    watermark: Option<&'static str>,
    /// Names and what they are, beside the addresses.
    facts: Vec<(&'static str, String)>,
    lines: Vec<Shown<'a>>,
    steps: Vec<Step>,
    /// Whether some lines cost less or more than their amounts say, before rounding.
    rounded: bool,
}

/// A line as it is shown.
struct Shown<'a> {
    line: &'a Line,
    origin: Option<String>,
    parts: Vec<Part>,
    /// Parts that are not.
    more: usize,
}

impl<'a> Page<'a> {
    fn new(bill: &'a Bill, seller: &'a Seller) -> Page<'a> {
        let shown = |line: &'a Line| {
            let mut parts = words::parts(line);
            let more = parts.len().saturating_sub(MAX_PARTS);
            parts.truncate(MAX_PARTS);
            Shown { line, origin: words::origin(bill, line), parts, more }
        };
        Page {
            bill,
            seller,
            title: match &bill.number {
                Some(number) => format!("Bill {number}"),
                None => format!("Bill for {}", bill.month),
            },
            watermark: match bill.status.as_str() {
                "open" => Some("Open"),
                "void" => Some("Void"),
                _ => None,
            },
            facts: facts(bill),
            lines: bill.lines.iter().map(shown).collect(),
            steps: words::steps(bill),
            rounded: crate::figure::parse(&bill.exact_total) != crate::figure::parse(&bill.subtotal),
        }
    }
}

fn facts(bill: &Bill) -> Vec<(&'static str, String)> {
    let zone = &bill.time_zone;
    let at = |moment: &Option<String>| moment.as_ref().map(|moment| local::moment(moment, zone));
    let status = match bill.status.as_str() {
        "open" => "Open: it still changes with new usage".to_string(),
        "finalized" => "Final".to_string(),
        "paid" => "Paid".to_string(),
        "void" => "Void: nothing is to be paid".to_string(),
        other => other.to_string(),
    };
    let customer = bill.customer.number.to_string();
    [
        ("Number", bill.number.clone()),
        ("Customer number", Some(customer)),
        ("Period", Some(local::period(&bill.from, &bill.to, zone))),
        ("Time zone", Some(zone.clone())),
        ("Status", Some(status)),
        ("Finalized", at(&bill.finalized_at)),
        ("Paid", at(&bill.paid_at)),
        ("Voided", at(&bill.voided_at)),
        ("Currency", Some(bill.currency.clone())),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}

/// An optional figure or text; nothing where there is none. A minus is a minus, not a hyphen.
fn cell(value: &Option<String>) -> String {
    value.as_deref().map(minus).unwrap_or_default()
}

fn minus(figure: &str) -> String {
    match figure.strip_prefix('-') {
        Some(plain) => format!("−{plain}"),
        None => figure.to_string(),
    }
}
