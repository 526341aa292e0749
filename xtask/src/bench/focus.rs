//! How long importing a real file takes, and starting.

use super::Bench;
use crate::Result;
use crate::folder::Folder;
use crate::load::service::Service;
use crate::workspace::{app, output};
use std::time::{Duration, Instant};

const RUNS: usize = 5;

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    bench.progress("import and start-up");
    let empty = runs(bench, "start", |folder| {
        let start = Instant::now();
        let service = Service::start(&bench.program, &folder.path().join("data"), &[])?;
        let took = start.elapsed();
        service.kill()?;
        Ok(took)
    })?;
    let imported = match bench.workspace.focus_sample()? {
        None => {
            eprintln!(
                "focus_sample.csv is not there; set USAGE_TEST_DATA to its folder to measure its import"
            );
            None
        }
        Some(sample) => Some(runs(bench, "focus", |folder| {
            let start = Instant::now();
            output(app(&bench.program, &folder.path().join("data")).args(["import", "focus"]).arg(&sample))?;
            Ok(start.elapsed())
        })?),
    };
    let report = &mut bench.report;
    let method = format!(
        "`usage_app import focus` of 1,000 real rows into a new folder, the process whole; median of {RUNS}"
    );
    report.add_known("focus", "import", imported, "ms", &method);
    let method = format!(
        "`usage_app serve` on a new folder, from its launch to the line that it listens; median of {RUNS}"
    );
    report.add("focus", "start-up", empty, "ms", method);
    Ok(())
}

/// The median of some runs, each on a fresh folder, in milliseconds.
fn runs(bench: &Bench, name: &str, run: impl Fn(&Folder) -> Result<Duration>) -> Result<f64> {
    let mut took = Vec::new();
    for _ in 0..RUNS {
        took.push(run(&Folder::new(bench.workspace, name)?)?);
    }
    took.sort_unstable();
    Ok(took[RUNS / 2].as_secs_f64() * 1000.0)
}
