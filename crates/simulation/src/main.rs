//! `cargo xtask simulate`: simulations of given seeds or of new ones, until one fails.

#![expect(
    clippy::disallowed_methods,
    reason = "the time that it took is printed; no simulation sees a clock"
)]

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Instant;
use usage_simulation::{Failure, Plan, Run, Stats, simulate};

/// Run the real engine and store on a simulated clock, with disks that fail and processes that die,
/// beside a naive model that says what must come of it.
///
/// Every choice follows from the seed: a seed that fails, fails again. On PostgreSQL, the order in which the database
/// lets its clients does not, so that a seed may have to be tried more than once. On failure the seed, the step
/// and what led to it are printed.
#[derive(Parser)]
#[command(name = "cargo xtask simulate", bin_name = "cargo xtask simulate")]
#[command(
    after_help = "Exit codes: 0 all is as the model says; 1 something is not; 2 the arguments are wrong."
)]
struct Args {
    /// The first seed; a new one where none is given.
    #[arg(long)]
    seed: Option<u64>,
    /// Steps of each simulation.
    #[arg(long, default_value_t = 400)]
    steps: u32,
    /// How many seeds, one after the other.
    #[arg(long, default_value_t = 1, conflicts_with = "forever")]
    seeds: u64,
    /// Go on until a simulation fails, or Ctrl-C.
    #[arg(long)]
    forever: bool,
    /// Where usage is kept.
    #[arg(long, value_enum, default_value_t = Where::Folder)]
    store: Where,
    /// Print every step; one simulation at a time.
    #[arg(long)]
    trace: bool,
}

/// Where usage is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Where {
    /// In a folder, on a disk that fails.
    Folder,
    /// In a PostgreSQL database, by two nodes whose connections fail. `cargo xtask` starts a server for it.
    Postgres,
}

/// Names the server: a role on it that may make databases.
const SERVER: &str = "USAGE_TEST_POSTGRES";

fn main() -> ExitCode {
    let args = Args::parse();
    let server = match (args.store, std::env::var(SERVER)) {
        (Where::Folder, _) => None,
        (Where::Postgres, Ok(server)) => Some(server),
        (Where::Postgres, Err(_)) => {
            eprintln!("error: {SERVER} names no server; use 'cargo xtask simulate --store postgres'");
            return ExitCode::from(2);
        }
    };
    let first = args.seed.unwrap_or_else(new_seed);
    let start = Instant::now();
    let campaign = Campaign {
        first,
        server,
        seeds: if args.forever { u64::MAX } else { args.seeds },
        steps: args.steps,
        trace: args.trace,
        next: AtomicU64::new(0),
        failed: AtomicBool::new(false),
        done: Mutex::default(),
        bar: bar(args.seeds, args.forever, args.trace),
    };
    // A panic is part of a failure, and told with it.
    std::panic::set_hook(Box::new(|_| {}));
    campaign.run();
    campaign.bar.finish_and_clear();
    let (stats, runs, failure) = campaign.done.into_inner().unwrap_or_default();
    let seconds = start.elapsed().as_secs();
    match failure {
        None => {
            println!("{runs} simulations from seed {first}: {stats} ({seconds} s)");
            ExitCode::SUCCESS
        }
        Some(failure) => {
            println!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// Simulations of seeds that follow each other, on all processors.
struct Campaign {
    first: u64,
    server: Option<String>,
    seeds: u64,
    steps: u32,
    trace: bool,
    next: AtomicU64,
    failed: AtomicBool,
    done: Mutex<(Stats, u64, Option<Box<Failure>>)>,
    bar: ProgressBar,
}

impl Campaign {
    fn run(&self) {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            for _ in 0..if self.trace { 1 } else { threads } {
                scope.spawn(|| self.work());
            }
        });
    }

    fn work(&self) {
        while !self.failed.load(Ordering::Relaxed) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.seeds {
                return;
            }
            let seed = self.first.wrapping_add(number);
            let plan = Plan { seed, steps: self.steps, bug: None, server: self.server.as_deref() };
            let trace = |line: &str| {
                if self.trace {
                    println!("{line}");
                }
            };
            self.note(simulate(plan, trace));
        }
    }

    fn note(&self, ended: Result<Run, Box<Failure>>) {
        let Ok(mut done) = self.done.lock() else { return };
        match ended {
            Ok(run) => {
                done.0.add(&run.stats);
                done.1 += 1;
                if self.trace {
                    println!("trace of {} lines, hash {:016x}", run.lines, run.hash);
                }
                let Stats { steps, crashes, faults, .. } = done.0;
                self.bar.set_message(format!("{steps} steps, {crashes} crashes, {faults} failures"));
                self.bar.inc(1);
            }
            Err(failure) => {
                self.failed.store(true, Ordering::Relaxed);
                done.2.get_or_insert(failure);
            }
        }
    }
}

/// Progress on standard error, where that is a terminal.
fn bar(seeds: u64, forever: bool, trace: bool) -> ProgressBar {
    if trace {
        return ProgressBar::hidden();
    }
    let (bar, template) = match forever {
        true => (ProgressBar::no_length(), "{spinner} {pos} simulations: {msg}"),
        false => (ProgressBar::new(seeds), "{wide_bar} {pos}/{len} simulations: {msg}"),
    };
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// A seed that no earlier run had.
fn new_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id()) >> 16
}
