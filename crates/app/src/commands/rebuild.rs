//! `rebuild`: makes the totals and the duplicate index anew from the log.

use crate::args::Args;
use crate::failure::Failure;
use crate::gateway::{Missing, open};
use crate::output;
use crate::output::{counted, progress};

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let gateway = open(args, Missing::Refuse)?;
    let spinner = progress::spinner("Reading the log and counting anew…");
    let report = gateway.rebuild();
    spinner.finish_and_clear();
    let report = report?;
    gateway.close()?;
    let text =
        format!("Made {} anew from {}.", counted(report.totals, "total"), counted(report.events, "event"));
    output::either(args.json, &report, &text)
}
