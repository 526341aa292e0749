//! `backup`: copies everything to a new folder, also while the service is running.

use crate::args::{self, Args};
use crate::database::Database;
use crate::failure::Failure;
use crate::output;
use crate::output::{counted, progress};
use serde_json::json;
use usage_store::embedded;

pub(crate) fn run(args: &Args, asked: &args::Backup) -> Result<(), Failure> {
    let Database::Folder(folder) = &args.database else {
        return Err(Failure::operation(
            "a PostgreSQL database is copied with its own tools, such as pg_dump",
        ));
    };
    let bar = progress::bytes("Copying", 0);
    let copied = embedded::backup(folder, &asked.target, |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let report = copied?;
    let target = asked.target.display();
    let text = format!(
        "Copied {} ({} of log), customers and postings to {target}.\n\
         To use the copy: usage_app --database {target} serve",
        counted(report.events, "event"),
        counted(report.bytes, "byte")
    );
    let data = json!({"target": asked.target, "events": report.events, "bytes": report.bytes});
    output::either(args.json, &data, &text)
}
