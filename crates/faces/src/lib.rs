//! The forms in which people and programs read a bill: text in a terminal, a page to print, CSV,
//! FOCUS.
//!
//! Owns how a [`Bill`] looks. Every form is a pure function of bills and of who sends them: no clock, no
//! settings, no files. Does not own what a bill says: no figure here is computed anew, and the one form
//! that splits figures into rows ([`focus()`]) refuses a bill whose rows do not add up to its total.

mod error;
mod figure;
mod focus;
mod lines;
mod local;
mod page;
pub mod table;
mod text;
mod words;

pub use error::FaceError;
pub use focus::{FocusExport, Provider};
pub use lines::{COLUMNS as CSV_COLUMNS, CsvExport};
pub use page::{Seller, html};
pub use text::text;
pub use words::{Part, Step, origin, parts, steps};

use usage_api::bill::Bill;

/// The media type of [`html`].
pub const HTML: &str = "text/html; charset=utf-8";
/// The media type of [`csv()`] and [`focus()`].
pub const CSV: &str = "text/csv; charset=utf-8; header=present";

/// The lines of bills as CSV (RFC 4180), one row each, with the columns of [`CSV_COLUMNS`].
///
/// The rows of a bill add up to it: Σ `total` is its total. Figures have all the digits that the bill has.
/// A text that a spreadsheet could take for a formula (it begins with `=`, `+`, `-`, `@` or white space)
/// gets an apostrophe before it, and so does one that begins with an apostrophe: whoever needs the text
/// itself takes one leading apostrophe off. A bill without lines has no rows.
///
/// # Errors
/// A figure of a bill is none.
pub fn csv<'a>(bills: impl IntoIterator<Item = &'a Bill>) -> Result<String, FaceError> {
    let mut export = CsvExport::new(Vec::new())?;
    bills.into_iter().try_for_each(|bill| export.bill(bill))?;
    Ok(into_text(export.finish()?))
}

/// Bills as a FOCUS 1.2 dataset in CSV. See [`FocusExport`].
///
/// # Errors
/// A figure of a bill is none, or the rows of a bill do not add up to its total.
pub fn focus<'a>(
    bills: impl IntoIterator<Item = &'a Bill>,
    provider: &Provider,
) -> Result<String, FaceError> {
    let mut export = FocusExport::new(Vec::new(), provider)?;
    bills.into_iter().try_for_each(|bill| export.bill(bill))?;
    Ok(into_text(export.finish()?))
}

fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("rows are made of texts")
}
