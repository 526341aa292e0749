//! Measures the release build. Prints figures and how each was taken; never judges them. Loads of events are
//! `usage_app bench`, run on some settings.

mod create_usage;
mod focus;
mod ingest;
mod report;

use crate::Result;
use crate::folder::Folder;
use crate::load::service::Service;
use crate::workspace::{Workspace, run as sh};
use report::Report;
use std::env;
use std::path::PathBuf;
use std::process::Command;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// What to measure; everything where nothing is named.
    #[arg(value_enum, value_name = "NAME")]
    names: Vec<Name>,
    /// Print the figures as JSON, for programs.
    #[arg(long)]
    json: bool,
    /// A twentieth of the work: whether it runs, not how fast.
    #[arg(long)]
    quick: bool,
    /// Events that `ingest` and `backfill` send.
    #[arg(long, default_value_t = 2_000_000)]
    events: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Name {
    /// Batches of events as they happen, then queries and bills.
    Ingest,
    /// Batches of events of a whole month, in no order.
    Backfill,
    /// One event per request, over 256 connections.
    IngestSingle,
    /// The first contract: POST /api/v1/usage/create/.
    CreateUsage,
    /// Importing the FOCUS sample, and starting the service.
    Focus,
}

/// What the measurements share.
struct Bench<'a> {
    workspace: &'a Workspace,
    options: &'a Options,
    program: PathBuf,
    report: Report,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    if cfg!(debug_assertions) {
        return run_optimized(workspace);
    }
    let program = workspace.release_app();
    let mut bench = Bench { workspace, options, program, report: Report::default() };
    let wanted = |name| options.names.is_empty() || options.names.contains(&name);
    ingest::limits(&mut bench)?;
    for (name, text, settings) in ingest::LOADS {
        if wanted(name) {
            ingest::run(&mut bench, text, settings)?;
        }
    }
    if wanted(Name::CreateUsage) {
        create_usage::run(&mut bench)?;
    }
    if wanted(Name::Focus) {
        focus::run(&mut bench)?;
    }
    bench.report.print(options.json)
}

/// Builds the program and the load generator for release, and measures with those.
fn run_optimized(workspace: &Workspace) -> Result<()> {
    sh(workspace.cargo().args(["build", "--release", "--quiet", "--package=usage_app", "--package=xtask"]))?;
    let generator = workspace.release_app().with_file_name(format!("xtask{}", env::consts::EXE_SUFFIX));
    sh(Command::new(generator).args(env::args_os().skip(1)).current_dir(&workspace.root))
}

impl Bench<'_> {
    /// How much work, or a twentieth of it.
    fn scaled(&self, count: u64) -> u64 {
        if self.options.quick { (count / 20).max(1) } else { count }
    }

    /// Says what is going on; the figures come at the end.
    fn progress(&self, text: &str) {
        if !self.options.json {
            eprintln!("measuring {text} …");
        }
    }
}

/// A service on a fresh folder.
struct World {
    service: Service,
    /// Goes when the world does.
    _folder: Folder,
}

impl World {
    fn new(bench: &Bench, name: &str) -> Result<World> {
        let folder = Folder::new(bench.workspace, name)?;
        let service = Service::start(&bench.program, &folder.path().join("data"), &[])?;
        Ok(World { service, _folder: folder })
    }

    fn stop(self) -> Result<()> {
        self.service.stop()
    }
}
