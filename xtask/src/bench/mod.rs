//! Measures the release build. Prints figures and how each was taken; never judges them.

mod bill;
mod create_usage;
mod focus;
mod ingest;
mod machine;
mod report;

use crate::Result;
use crate::folder::Folder;
use crate::load::service::Service;
use crate::workspace::{Workspace, run as sh};
use machine::Machine;
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
    /// Events that `ingest` sends, and half as many that `bill` bills.
    #[arg(long, default_value_t = 2_000_000)]
    events: u64,
    /// Events in a batch of `ingest`.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u16).range(2..=10_000))]
    batch: u16,
    /// Connections of `ingest`.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    connections: u16,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Name {
    /// Batches of events.
    Ingest,
    /// One event per request, over 64 connections.
    IngestSingle,
    /// The bill of a customer among a million events.
    Bill,
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
    if wanted(Name::Ingest) || wanted(Name::Bill) {
        // One folder for both: bills are asked of what was ingested.
        let world = World::new(&bench, "ingest")?;
        let events = if wanted(Name::Ingest) { options.events } else { options.events / 2 };
        let ingested = ingest::batches(&bench, &world, bench.scaled(events))?;
        if wanted(Name::Ingest) {
            ingest::report(&mut bench, &world, &ingested)?;
        }
        if wanted(Name::Bill) {
            bill::run(&mut bench, &world, ingested.events)?;
        }
        world.stop()?;
    }
    if wanted(Name::IngestSingle) {
        ingest::single(&mut bench)?;
    }
    if wanted(Name::CreateUsage) {
        create_usage::run(&mut bench)?;
    }
    if wanted(Name::Focus) {
        focus::run(&mut bench)?;
    }
    bench.report.print(&Machine::this(), options.json)
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
    folder: Folder,
}

impl World {
    fn new(bench: &Bench, name: &str) -> Result<World> {
        let folder = Folder::new(bench.workspace, name)?;
        let service = Service::start(&bench.program, &folder.path().join("data"), &[])?;
        Ok(World { service, folder })
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn stop(self) -> Result<()> {
        self.service.stop()
    }
}
