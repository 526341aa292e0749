//! `migrate`: creates the folder or the tables, or brings them up to this version.

use crate::args::Args;
use crate::failure::Failure;
use crate::gateway::{Missing, open};
use crate::output;
use serde_json::json;

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let new = !args.database.exists()?;
    open(args, Missing::Create)?.close()?;
    let path = &args.database;
    let text = if new { format!("Created {path}.") } else { format!("{path} is up to date.") };
    output::either(args.json, &json!({"database": args.database, "created": new}), &text)
}
