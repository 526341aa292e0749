//! `migrate`: creates the folder, or brings it up to this version.

use crate::args::Args;
use crate::failure::Failure;
use crate::gateway::{Missing, open};
use crate::output;
use serde_json::json;
use usage_store::embedded;

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let new = !embedded::exists(&args.database);
    open(args, Missing::Create)?.close()?;
    let path = args.database.display();
    let text = if new { format!("Created {path}.") } else { format!("{path} is up to date.") };
    output::either(args.json, &json!({"database": args.database, "created": new}), &text)
}
