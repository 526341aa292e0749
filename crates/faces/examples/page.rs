//! Writes one bill of a JSON file (a list of bills as the service answers them) as a page to standard output:
//! `cargo run --package usage_faces --example page -- bills.json 0 > bill.html`.

use std::error::Error;
use usage_api::bill::Bill;
use usage_faces::{Seller, html};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().ok_or("name a file with a list of bills")?;
    let which: usize = args.next().as_deref().unwrap_or("0").parse()?;
    let bills: Vec<Bill> = serde_json::from_slice(&std::fs::read(path)?)?;
    let address =
        vec!["Example Street 1".to_string(), "10115 Berlin".to_string(), "VAT DE123456789".to_string()];
    let seller = Seller { name: "Example Cloud".to_string(), address };
    print!("{}", html(bills.get(which).ok_or("no such bill")?, &seller));
    Ok(())
}
