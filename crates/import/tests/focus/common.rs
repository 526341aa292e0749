//! Files for the tests: small ones written here, and real ones where they are at hand.

use std::io::Write;
use std::path::PathBuf;
use tempfile::NamedTempFile;
use usage_import::focus::{CustomerBy, FocusFile, ImportedRow, RowError};

/// A file with such content.
pub(crate) fn file(content: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    file
}

/// The same content as gzip.
pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// The rows of a file with such content.
pub(crate) fn read(content: &[u8]) -> Vec<Result<ImportedRow, RowError>> {
    let file = file(content);
    let focus = FocusFile::open(file.path(), &CustomerBy::SubAccount).unwrap();
    focus.rows().unwrap().collect()
}

/// The rows of a file in which each is good.
pub(crate) fn good(content: &[u8]) -> Vec<ImportedRow> {
    read(content).into_iter().map(|row| row.unwrap()).collect()
}

/// A file of real usage; `None`, said on standard error, where it is not at hand and need not be.
pub(crate) fn real(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("USAGE_TEST_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let path = folder.join(name);
    if path.is_file() {
        return Some(path);
    }
    let required = std::env::var("USAGE_REQUIRE_DATA").is_ok_and(|v| v == "1");
    assert!(!required, "{} is not there and USAGE_REQUIRE_DATA=1", path.display());
    eprintln!("not tested: {} is not there; USAGE_TEST_DATA names the folder of real data", path.display());
    None
}

/// The columns of the small files.
pub(crate) const COLUMNS: [&str; 12] = [
    "ProviderName",
    "SubAccountId",
    "SubAccountName",
    "BillingAccountId",
    "ServiceName",
    "ChargeDescription",
    "BilledCost",
    "BillingCurrency",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ChargePeriodStart",
    "Tags",
];

/// A row of a small file that can be billed, as CSV without quotes.
pub(crate) const ROW: [&str; 12] = [
    "AWS",
    "1",
    "One",
    "9",
    "Queue",
    "Requests",
    "0.00000080000",
    "USD",
    "2.000",
    "Requests",
    "2024-09-18 22:00:00",
    "NULL",
];

/// The row with other values in some columns.
pub(crate) fn row_with(changes: &[(&str, &str)]) -> String {
    let mut row = ROW.map(String::from);
    for (column, value) in changes {
        let place = COLUMNS.iter().position(|c| c == column).unwrap();
        row[place] = (*value).to_string();
    }
    row.join(",")
}

/// A small file with these rows.
pub(crate) fn csv(rows: &[&str]) -> String {
    let mut text = COLUMNS.join(",");
    for row in rows {
        text.push('\n');
        text.push_str(row);
    }
    text.push('\n');
    text
}
