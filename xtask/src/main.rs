//! The project's chores. `cargo xtask --help` lists them.

#![expect(
    clippy::disallowed_methods,
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "chores measure time and print rates; nothing here is part of a bill"
)]

mod bench;
mod clients;
mod focus;
mod folder;
mod generate;
mod kill_test;
mod lint;
mod load;
mod nodes;
mod postgres;
mod python;
mod recount;
mod simulate;
mod steps;
mod test;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use workspace::Workspace;

/// Whatever went wrong, in words for the person at the terminal.
type Failure = Box<dyn std::error::Error + Send + Sync>;
type Result<T, E = Failure> = std::result::Result<T, E>;

/// The project's chores, so that nobody has to remember flags.
///
/// Day to day: `cargo xtask test --quick` while you work, `cargo xtask ci` before you hand it in,
/// `cargo xtask generate` after you changed a route or the command line.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    after_help = "Exit codes: 0 all is well; 1 something failed, and it says what; 2 the arguments are wrong.

Environment:
  USAGE_TEST_DATA         folder with focus_sample.csv [default: ../shared/data beside the workspace]
  USAGE_REQUIRE_DATA      1: its absence is an error; otherwise what needs it is left out
  USAGE_REQUIRE_POSTGRES  1: the same for PostgreSQL, where it is missing and cannot be installed
  PYTHON                  the Python to test with [default: python3]
  CARGO_TARGET_DIR        as with every cargo command"
)]
struct Args {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Run all tests: Rust, our and published clients against the real service, the recount of real data,
    /// the FOCUS validator, crashes.
    ///
    /// The last line is `N passed, N failed`, counting the steps.
    Test(test::Options),
    /// Run published clients of others, and Schemathesis, against the real service.
    Clients,
    /// Hold a FOCUS export of example bills against the published validator.
    Focus,
    /// Check formatting, clippy's advice and that the generated documents are current.
    Lint,
    /// Write docs/openapi.json and docs/cli.md from the program itself.
    Generate(generate::Options),
    /// Lint, then test: what must pass before a change is handed in.
    Ci(test::Options),
    /// Measure the release build on this machine: ingest, bills, posting, import, start-up.
    ///
    /// Starts the real service in a temporary folder on a free loopback port and loads it from the
    /// same machine: the figures include the load generator's share of the processors. Nothing is
    /// asserted; compare runs of the same machine only.
    Bench(bench::Options),
    /// Kill the service with SIGKILL again and again and count what it remembers.
    ///
    /// Every acknowledged event must be counted, each event once at most, whatever was resent.
    KillTest(kill_test::Options),
    /// Kill nodes, and stop the PostgreSQL database that they share, while every event is sent twice.
    ///
    /// Each must count once, and every answer be that of one service on a folder.
    Nodes(nodes::Options),
    /// Simulate the engine and its store from a seed, with disks that fail and processes that die.
    ///
    /// Everything is compared with a naive model. A seed that fails, fails again: `--seed N`. With `--store postgres`,
    /// of two nodes on one database, of a server that is started for it.
    #[command(disable_help_flag = true)]
    Simulate(simulate::Options),
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<bool> {
    let workspace = Workspace::find()?;
    match &args.chore {
        Chore::Test(options) => test::run(&workspace, options),
        Chore::Clients => clients::run(&workspace),
        Chore::Focus => focus::run(&workspace).map(|_| true),
        Chore::Lint => lint::run(&workspace),
        Chore::Generate(options) => generate::run(&workspace, options).map(|()| true),
        Chore::Ci(options) => Ok(lint::run(&workspace)? & test::run(&workspace, options)?),
        Chore::Bench(options) => bench::run(&workspace, options).map(|()| true),
        Chore::KillTest(options) => kill_test::run(&workspace, options).map(|()| true),
        Chore::Nodes(options) => nodes::run(&workspace, options).map(|()| true),
        Chore::Simulate(options) => simulate::run(&workspace, options).map(|()| true),
    }
}
