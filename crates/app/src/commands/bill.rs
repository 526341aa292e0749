//! `bill`: what a customer owes for a month, and for what.

use super::export_bills::provider;
use crate::args::{self, Args, BillFormat};
use crate::failure::Failure;
use crate::gateway::{Missing, open};
use crate::output;
use usage_faces::{FaceError, Seller};

pub(crate) fn run(args: &Args, asked: &args::Bill) -> Result<(), Failure> {
    let gateway = open(args, Missing::Refuse)?;
    let bill = gateway.bill(&asked.customer, asked.month.as_deref())?;
    let broken = |error: FaceError| Failure::operation(error.to_string());
    let format = if args.json { BillFormat::Json } else { asked.format };
    match format {
        BillFormat::Json => output::json(&bill),
        BillFormat::Text => output::write(&usage_faces::text(&bill, asked.details)),
        BillFormat::Html => {
            let seller = gateway.settings()?.seller;
            output::write(&usage_faces::html(&bill, &Seller { name: seller.name, address: seller.address }))
        }
        BillFormat::Csv => output::write(&usage_faces::csv([&bill]).map_err(broken)?),
        BillFormat::Focus => {
            output::write(&usage_faces::focus([&bill], &provider(&*gateway)?).map_err(broken)?)
        }
    }
}
