//! Writes the bills of a JSON file (a list of bills as the service answers them) as FOCUS to standard output:
//! `cargo run --package usage_faces --example focus -- bills.json > focus.csv`.

use std::error::Error;
use usage_api::bill::Bill;
use usage_faces::{FocusExport, Provider};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("name a file with a list of bills")?;
    let bills: Vec<Bill> = serde_json::from_slice(&std::fs::read(path)?)?;
    let provider = Provider::named("Example Cloud");
    let mut export = FocusExport::new(std::io::stdout().lock(), &provider)?;
    bills.iter().try_for_each(|bill| export.bill(bill))?;
    export.finish().map(drop)?;
    Ok(())
}
