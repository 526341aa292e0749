//! Equal nodes on one database that are killed, and whose database stops, while everything is sent twice:
//! each event must count once, and every answer be that of one service on a folder.

mod answers;
mod batches;
mod cluster;

use crate::folder::Folder;
use crate::load::http::Connection;
use crate::load::random::Random;
use crate::load::service::Service;
use crate::postgres::Server;
use crate::workspace::{Workspace, app, output};
use crate::{Failure, Result};
use batches::Batches;
use cluster::Cluster;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Who sends at a time; each batch has two of them.
const SENDERS: u64 = 4;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// About how many different events are sent, each of them twice.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    events: u64,
    /// Nodes on the database.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(2..=50))]
    nodes: u8,
    /// How often a node is killed.
    #[arg(long, default_value_t = 12)]
    kills: u32,
    /// How often the database is stopped in the middle of everything.
    #[arg(long, default_value_t = 2)]
    stops: u32,
    /// A program that is built already, such as the release build for many events. [default: built as the tests
    /// do]
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Repeats a run's choices, though not the moments at which its kills landed.
    #[arg(long)]
    seed: Option<u64>,
}

impl Options {
    /// What the tests do.
    pub(crate) fn small() -> Options {
        Options { events: 20_000, nodes: 3, kills: 6, stops: 1, program: None, seed: None }
    }
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let program = match &options.program {
        Some(program) => program.canonicalize()?,
        None => workspace.build_app()?,
    };
    campaign(workspace, &program, &mut Server::start()?, options)
}

/// The campaign with a program as it was built, on a server that nobody else needs meanwhile.
pub(crate) fn campaign(
    workspace: &Workspace,
    program: &Path,
    server: &mut Server,
    options: &Options,
) -> Result<()> {
    let seed = options.seed.unwrap_or_else(Random::seed);
    let batches = Batches::of(seed, SENDERS, options.events);
    let folder = Folder::new(workspace, "nodes")?;
    let checked = check(program, server, folder.path(), &batches, options);
    if let Err(failure) = checked {
        let kept = folder.keep();
        return Err(format!("{failure}\n(seed {seed}; what was written is kept: {})", kept.display()).into());
    }
    Ok(())
}

fn check(
    program: &Path,
    server: &mut Server,
    folder: &Path,
    batches: &Batches,
    options: &Options,
) -> Result<()> {
    let (start, name) = (Instant::now(), format!("usage_nodes_{}", std::process::id()));
    server.sql("postgres", &format!("CREATE DATABASE {name}"))?;
    let database = server.address().replace("/postgres", &format!("/{name}"));
    let cluster = Cluster::start(program, &database, folder, options.nodes.into())?;
    answers::prepare(cluster.addresses()[0])?;
    let (kills, stops) = load(&cluster, server, batches, options)?;

    let events = batches.events();
    let expected = alone(program, &folder.join("data"), batches)?;
    for node in cluster.addresses() {
        if let Some(difference) = answers::difference(&expected, &answers::ask(node)?) {
            return Err(format!("a node says of {difference}").into());
        }
    }
    let (acknowledged, again) = (&cluster.acknowledged, &cluster.again);
    let (acknowledged, again) = (acknowledged.load(Ordering::Relaxed), again.load(Ordering::Relaxed));
    drop(cluster);
    let report: serde_json::Value =
        serde_json::from_str(&output(app(program, database.as_ref()).args(["--json", "verify"]))?)?;
    if (report["ok"].as_bool(), report["events"].as_u64()) != (Some(true), Some(events)) {
        return Err(format!("the log must have {events} events and be sound: {report}").into());
    }
    server.sql("postgres", &format!("DROP DATABASE {name} WITH (FORCE)"))?;
    println!(
        "{events} events, each counted once and every answer that of a folder: {} nodes, {acknowledged} batches \
         acknowledged, {again} tries in vain, {kills} nodes killed, the database stopped {stops} times ({:.1} s, seed {})",
        options.nodes,
        start.elapsed().as_secs_f64(),
        batches.seed
    );
    Ok(())
}

/// What one service on a folder says of the same batches, each sent once.
fn alone(program: &Path, data: &Path, batches: &Batches) -> Result<answers::Answers> {
    let service = Service::start(program, data, &[])?;
    answers::prepare(service.address())?;
    let mut connection = Connection::open(service.address())?;
    for sender in 0..batches.senders {
        for batch in 0..batches.batches {
            connection.ask(&batches.request(sender, batch))?.expect(204)?;
        }
    }
    let answers = answers::ask(service.address())?;
    service.stop()?;
    Ok(answers)
}

/// Sends every batch twice, by two senders that know nothing of each other, to nodes that come and go; gives
/// how many were killed and how often the database stopped.
fn load(cluster: &Cluster, server: &mut Server, batches: &Batches, options: &Options) -> Result<(u32, u32)> {
    let (working, mut random) = (AtomicUsize::new(0), Random::new(batches.seed));
    let senders: Vec<(u64, Random)> =
        (0..batches.senders * 2).map(|each| (each % batches.senders, Random::new(random.next()))).collect();
    working.store(senders.len(), Ordering::Relaxed);
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for (sender, mut random) in senders {
            let working = &working;
            threads.push(scope.spawn(move || -> Result<()> {
                let sent = (0..batches.batches)
                    .try_for_each(|batch| cluster.send(&batches.request(sender, batch), &mut random));
                working.fetch_sub(1, Ordering::Relaxed);
                sent
            }));
        }
        let done = disturb(cluster, server, batches, options, &working);
        for thread in threads {
            thread.join().map_err(|_| Failure::from("a sender panicked"))??;
        }
        done
    })
}

/// Kills nodes and stops the database, spread over the work.
fn disturb(
    cluster: &Cluster,
    server: &mut Server,
    batches: &Batches,
    options: &Options,
    working: &AtomicUsize,
) -> Result<(u32, u32)> {
    let (steps, mut random) = (options.kills + options.stops, Random::new(batches.seed ^ 1));
    let (mut dead, mut kills, mut stops) = (None, 0, 0);
    for step in 0..steps {
        let due = batches.senders * 2 * batches.batches * u64::from(step + 1) / u64::from(steps + 1);
        let is_due = || cluster.acknowledged.load(Ordering::Relaxed) >= due;
        wait_until(|| is_due() || working.load(Ordering::Relaxed) == 0);
        if !is_due() {
            break;
        }
        // The stops are spread among the kills.
        if (step + 1) * options.stops / steps > step * options.stops / steps {
            let before = cluster.again.load(Ordering::Relaxed);
            server.crash()?;
            wait_until(|| {
                cluster.again.load(Ordering::Relaxed) > before || working.load(Ordering::Relaxed) == 0
            });
            server.restart()?;
            stops += 1;
            continue;
        }
        if let Some(place) = dead.take() {
            cluster.revive(place)?;
        }
        let place = random.below(options.nodes.into()) as usize;
        cluster.kill(place)?;
        (dead, kills) = (Some(place), kills + 1);
    }
    if let Some(place) = dead {
        cluster.revive(place)?;
    }
    if (kills, stops) != (options.kills, options.stops) {
        return Err("the senders were done before the last kill".into());
    }
    Ok((kills, stops))
}

fn wait_until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::sleep(Duration::from_millis(1));
    }
}
