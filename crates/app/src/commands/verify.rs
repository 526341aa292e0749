//! `verify`: checks every byte of the log, and compares the totals with a recount.

use crate::args::Args;
use crate::failure::Failure;
use crate::gateway::{Missing, open};
use crate::output;
use crate::output::{counted, progress};

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let gateway = open(args, Missing::Refuse)?;
    let spinner = progress::spinner("Reading the log and recounting…");
    let report = gateway.verify();
    spinner.finish_and_clear();
    let report = report?;
    if args.json {
        output::json(&report)?;
    } else if report.ok {
        output::write(&format!(
            "All is well: {} in {} ({} of log) are sound, and {} agree with a recount.
",
            counted(report.events, "event"),
            counted(report.records, "group"),
            counted(report.bytes, "byte"),
            counted(report.totals, "total")
        ))?;
    } else {
        output::write(&format!("{}\n", report.problems.join("\n")))?;
    }
    if report.ok {
        return Ok(());
    }
    Err(Failure::verification(format!(
        "{} found; nothing was changed",
        counted(report.problems.len() as u64, "problem")
    ))
    .next("'usage_app rebuild' mends totals; damaged log files are brought back from a backup."))
}
