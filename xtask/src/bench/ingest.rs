//! How fast events are taken in, what storing them costs, and what is asked of them: `usage_app bench`
//! on some settings.

use super::{Bench, Name};
use crate::Result;
use crate::folder::Folder;
use crate::workspace::{app, output};
use serde_json::Value;
use std::process::Stdio;

/// Events that are sent one by one.
const SINGLE_EVENTS: u64 = 300_000;

/// The loads, each with its name and its settings.
pub(super) const LOADS: [(Name, &str, &[&str]); 3] = [
    (Name::Ingest, "ingest", &[]),
    (Name::Backfill, "backfill", &["--times=backfill", "--queries=0"]),
    (Name::IngestSingle, "ingest-single", &["--batch=1", "--connections=256", "--queries=0"]),
];

/// What the machine is, and what it can do at best.
pub(super) fn limits(bench: &mut Bench) -> Result<()> {
    bench.progress("the limits of this machine");
    let reported = report(bench, "limits", &["--limits"])?;
    bench.report.add_reported("limits", &reported)?;
    bench.report.machine = Some(reported["machine"].clone());
    Ok(())
}

pub(super) fn run(bench: &mut Bench, name: &str, settings: &[&str]) -> Result<()> {
    let single = settings.contains(&"--batch=1");
    let events = bench.scaled(if single { SINGLE_EVENTS } else { bench.options.events });
    bench.progress(&format!("{name} of {events} events"));
    let events = events.to_string();
    let reported = report(bench, name, &[&["--events", &events], settings].concat())?;
    bench.report.add_reported(name, &reported)
}

/// What `usage_app bench` reports with these settings.
fn report(bench: &Bench, name: &str, settings: &[&str]) -> Result<Value> {
    let folder = Folder::new(bench.workspace, name)?;
    let mut command = app(&bench.program, &folder.path().join("data"));
    let reported = output(command.args(["--json", "bench"]).args(settings).stderr(Stdio::inherit()))?;
    Ok(serde_json::from_str(&reported)?)
}
