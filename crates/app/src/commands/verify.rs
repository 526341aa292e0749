//! `verify`: checks every byte of the log, and compares the totals with a recount.

use crate::args::Args;
use crate::failure::Failure;
use crate::gateway::{Missing, open};
use crate::output;
use crate::output::progress;

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
            "All is well: {} events in {} groups ({} bytes) are sound, and {} totals agree with a recount.\n",
            report.events, report.records, report.bytes, report.totals
        ))?;
    } else {
        output::write(&format!("{}\n", report.problems.join("\n")))?;
    }
    if report.ok {
        return Ok(());
    }
    Err(Failure::verification(format!("{} things do not agree; nothing was changed", report.problems.len()))
        .next("'usage_app rebuild' mends totals; damaged log files are brought back from a backup."))
}
