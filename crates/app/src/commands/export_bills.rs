//! `export bills`: the finalized bills of a month, page by page, so that memory does not grow with them.

use crate::args::{Args, BillsFormat, ExportBills};
use crate::failure::Failure;
use crate::gateway::{Gateway, Missing, open};
use crate::output::progress;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use usage_api::bill::Bill;
use usage_faces::{CsvExport, FaceError, FocusExport, Provider};

/// What the provider is called in FOCUS, which wants a name, where the settings have none.
const UNNAMED: &str = "usage_app";

pub(crate) fn run(args: &Args, asked: &ExportBills) -> Result<(), Failure> {
    let gateway = open(args, Missing::Refuse)?;
    let written = match &asked.output {
        None => export(&*gateway, asked, io::stdout().lock()),
        Some(path) => File::create(path)
            .map_err(|error| unwritable(path, &error))
            .and_then(|file| export(&*gateway, asked, BufWriter::new(file))),
    };
    gateway.close()?;
    written
}

fn export(gateway: &dyn Gateway, asked: &ExportBills, out: impl Write) -> Result<(), Failure> {
    let bad = |error: FaceError| Failure::operation(error.to_string());
    match asked.format {
        BillsFormat::Csv => {
            let mut rows = CsvExport::new(out).map_err(bad)?;
            each(gateway, asked, |bill| rows.bill(bill).map_err(bad))?;
            rows.finish().map_err(bad)?.flush()
        }
        BillsFormat::Focus => {
            let provider = provider(gateway)?;
            let mut rows = FocusExport::new(out, &provider).map_err(bad)?;
            each(gateway, asked, |bill| rows.bill(bill).map_err(bad))?;
            rows.finish().map_err(bad)?.flush()
        }
    }
    .map_err(|error| Failure::operation(format!("cannot write the output: {error}")))
}

/// Hands each finalized bill of the month to `write`, oldest first.
fn each(
    gateway: &dyn Gateway,
    asked: &ExportBills,
    mut write: impl FnMut(&Bill) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (month, mut after) = (asked.month.to_string(), None);
    let bar = progress::spinner("Exporting");
    loop {
        let page = gateway.bills(&month, after.as_deref())?;
        for bill in &page.items {
            write(bill)?;
            bar.inc(1);
        }
        after = page.next;
        if after.is_none() {
            bar.finish_and_clear();
            return Ok(());
        }
    }
}

/// Who sends the bills, as FOCUS calls it.
pub(super) fn provider(gateway: &dyn Gateway) -> Result<Provider, Failure> {
    let name = gateway.settings()?.seller.name;
    Ok(Provider::named(if name.is_empty() { UNNAMED } else { &name }))
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::operation(format!("cannot write {}: {error}", path.display()))
}
