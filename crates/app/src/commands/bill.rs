//! `bill`: what a customer owes for a month, and for what.

use crate::args::{self, Args};
use crate::failure::Failure;
use crate::gateway::{Missing, open};
use crate::output;

pub(crate) fn run(args: &Args, asked: &args::Bill) -> Result<(), Failure> {
    let bill = open(args, Missing::Refuse)?.bill(&asked.customer, asked.month.as_deref())?;
    if args.json {
        return output::json(&bill);
    }
    output::write(&usage_faces::text(&bill, asked.details))
}
