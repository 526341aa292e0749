//! A bill in the terminal.

mod support;

use support::fixtures;
use usage_api::bill::Bill;
use usage_faces::text;

fn fixture(number: usize) -> Bill {
    fixtures().swap_remove(number)
}

#[test]
fn every_kind_of_line_is_in_the_text() {
    let bills = fixtures();
    let all: Vec<String> = bills.iter().map(|bill| text(bill, true)).collect();
    snapbox::assert_data_eq!(all.join("\n"), snapbox::file!["faces/bills.txt"]);
}

#[test]
fn many_parts_are_shown_only_when_they_are_asked_for() {
    let mut bill = fixture(0);
    let detail = bill.lines[0].details[0].clone();
    bill.lines[0].details = vec![detail; 60];
    let (short, long) = (text(&bill, false), text(&bill, true));
    assert!(short.contains("--details shows the 70 parts of these lines."), "{short}");
    assert!(!short.contains("m5.large") && !short.contains("Tier 1"), "{short}");
    assert_eq!(long.matches("m5.large").count(), 60);
    assert!(long.contains("Tier 1"), "{long}");
}

#[test]
fn a_bill_of_charges_alone_has_nothing_but_its_total_below_the_lines() {
    let shown = text(&fixture(3), false);
    assert!(shown.ends_with("\n\nTotal        $5.00\n"), "{shown}");
}

#[test]
fn credits_that_pay_after_taxes_come_after_them() {
    let mut bill = fixture(0);
    let mut credit = bill.credits[0].clone();
    (credit.name, credit.after_taxes) = ("Credit note CN-1".to_string(), true);
    bill.credits.insert(0, credit);
    let shown = text(&bill, false);
    let at = |what: &str| shown.find(what).unwrap_or_else(|| panic!("{what} is not in {shown}"));
    assert!(at(&bill.credits[1].name) < at(&bill.taxes[0].name), "{shown}");
    assert!(at(&bill.taxes[0].name) < at("Credit note CN-1") && at("CN-1") < at("Total  "), "{shown}");
}

#[test]
fn nothing_in_a_bill_steers_the_terminal() {
    let mut bill = fixture(0);
    let escape = "\u{1b}[2J\nBill".to_string();
    bill.customer.name = escape.clone();
    bill.lines[0].service = escape.clone();
    bill.discounts[0].name = escape.clone();
    bill.lines[0].details[0].description = Some(escape);
    let shown = text(&bill, true);
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
    assert_eq!(shown.matches("\u{fffd}[2J\u{fffd}Bill").count(), 4, "{shown}");
}
