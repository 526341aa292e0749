//! Lines as CSV: stable columns, every digit, nothing that a spreadsheet would run.

mod support;

use proptest::prelude::*;
use support::{any_bill, figure, fixtures, rows, sum};
use usage_faces::{CSV_COLUMNS, csv};

#[test]
fn every_kind_of_line_has_its_row() {
    snapbox::assert_data_eq!(csv(&fixtures()).unwrap(), snapbox::file!["faces/lines.csv"]);
}

#[test]
fn a_text_that_looks_like_a_formula_is_marked_and_figures_are_not() {
    let bills = fixtures();
    let rows = rows(&csv(&bills[1..2]).unwrap());
    assert_eq!((rows[0]["service"].as_str(), rows[0]["line"].as_str()), ("'=1+1", "charges/=1+1"));
    assert_eq!((rows[1]["exact_amount"].as_str(), rows[1]["quantity"].as_str()), ("-3", "-3"));
    assert_eq!(rows[2]["plan"], "'@basic");
}

#[test]
fn bills_without_lines_have_no_rows() {
    let bills = fixtures();
    assert_eq!(csv(&bills[4..]).unwrap(), format!("{}\r\n", CSV_COLUMNS.join(",")));
}

#[test]
fn a_tax_that_is_no_figure_is_named() {
    let mut bill = fixtures().swap_remove(0);
    bill.lines[0].taxes[0].amount = "some".to_string();
    let said = "bill 2026-000017: the amount of a tax is \"some\", and that is no figure";
    assert_eq!(csv([&bill]).unwrap_err().to_string(), said);
}

proptest! {
    #[test]
    fn the_rows_of_any_bill_add_up_and_read_back(bill in any_bill()) {
        let text = csv([&bill]).unwrap();
        let rows = rows(&text);
        prop_assert_eq!(rows.len(), bill.lines.len());
        prop_assert_eq!(sum(rows.iter().map(|row| row["total"].as_str())), figure(&bill.total));
        for (row, line) in rows.iter().zip(&bill.lines) {
            let cell = row["service"].as_str();
            prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{}", cell);
            prop_assert_eq!(cell.strip_prefix('\'').unwrap_or(cell), line.service.as_str());
            prop_assert_eq!(&row["exact_amount"], &line.exact_amount);
            let (included, added) = (&row["included_tax_amount"], &row["added_tax_amount"]);
            for (column, inclusive) in [(included, true), (added, false)] {
                let taxes = line.taxes.iter().filter(|tax| tax.inclusive == inclusive);
                let expected = sum(taxes.clone().map(|tax| tax.amount.as_str()));
                prop_assert_eq!(taxes.count() == 0, column.is_empty());
                prop_assert_eq!(sum(Some(column.as_str()).filter(|cell| !cell.is_empty())), expected);
            }
        }
    }
}
