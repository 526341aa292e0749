//! The crash campaign: the real service is killed at moments that nothing chose, and must remember
//! what it acknowledged, once.

mod check;
mod round;

use crate::Result;
use crate::folder::Folder;
use crate::load::http::{Connection, post};
use crate::load::random::Random;
use crate::load::service::{Service, Starting};
use crate::workspace::{Workspace, app, run as sh};
use check::Remembered;
use round::Round;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// Small enough that kills land in checkpoints and between log files, too.
const SETTINGS: [(&str, &str); 2] =
    [("USAGE_APP_CHECKPOINT_EVERY", "500"), ("USAGE_APP_SEGMENT_BYTES", "65536")];
/// Whose usage the events are.
const SUBJECTS: u64 = 5;
/// A start in so many is killed before it is finished.
const KILLED_STARTS: u64 = 4;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How often the service is killed under load.
    #[arg(long, default_value_t = 100)]
    rounds: u32,
    /// Repeats a run's choices, though not the moments at which its kills landed.
    #[arg(long)]
    seed: Option<u64>,
}

impl Options {
    pub(crate) fn rounds(rounds: u32) -> Options {
        Options { rounds, seed: None }
    }
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    workspace.build_app()?;
    campaign(workspace, options)
}

/// The campaign on the program as the tests built it.
pub(crate) fn campaign(workspace: &Workspace, options: &Options) -> Result<()> {
    let seed = options.seed.unwrap_or_else(Random::seed);
    let folder = Folder::new(workspace, "kill-test")?;
    let mut campaign = Campaign {
        program: workspace.debug_app(),
        data: folder.path().join("data"),
        random: Random::new(seed),
        events: 0,
        killed_starts: 0,
        pending: 0,
    };
    let start = Instant::now();
    if let Err(failure) = campaign.run(options.rounds) {
        let kept = folder.keep();
        return Err(format!("{failure}\n(seed {seed}; the folder is kept: {})", kept.display()).into());
    }
    println!(
        "{} kills under load and {} during start-up: {} events, each counted once; {} batches were resent \
         after their kill ({:.1} s, seed {seed})",
        options.rounds,
        campaign.killed_starts,
        campaign.events,
        campaign.pending,
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

struct Campaign {
    program: PathBuf,
    data: PathBuf,
    random: Random,
    /// Events of the rounds that are settled.
    events: u64,
    killed_starts: u32,
    /// Batches that had no answer when the service was killed.
    pending: usize,
}

impl Campaign {
    fn run(&mut self, rounds: u32) -> Result<()> {
        let mut last: Option<Round> = None;
        for number in 0..rounds {
            let service = self.start()?;
            match last.take() {
                None => create_customers(&service)?,
                Some(round) => self.settle(&service, &round).map_err(|failure| after(number, &failure))?,
            }
            last = Some(
                round::run(number, service, &mut self.random).map_err(|failure| after(number, &failure))?,
            );
        }
        let service = self.start()?;
        if let Some(round) = last {
            self.settle(&service, &round).map_err(|failure| after(rounds, &failure))?;
        }
        check::listing_is_complete(service.address(), self.events)?;
        service.stop()?;
        verify(&self.program, &self.data)
    }

    /// Starts the service, now and then after a start that was killed on the way.
    fn start(&mut self) -> Result<Service> {
        if self.random.below(KILLED_STARTS) == 0 {
            let starting = Starting::spawn(&self.program, &self.data, &SETTINGS)?;
            thread::sleep(Duration::from_micros(self.random.below(40_000)));
            starting.kill()?;
            self.killed_starts += 1;
        }
        Service::start(&self.program, &self.data, &SETTINGS)
    }

    /// Checks what the service remembers of a round, resends what had no answer, and checks that all
    /// is counted once.
    fn settle(&mut self, service: &Service, round: &Round) -> Result<()> {
        let before = Remembered::ask(service.address(), round.number)?;
        before.between(self.events, round)?;
        let mut connection = Connection::open(service.address())?;
        for batch in &round.pending {
            connection.ask(&batch.request)?.expect(204)?;
        }
        self.events += round.sent();
        self.pending += round.pending.len();
        let after = Remembered::ask(service.address(), round.number)?;
        after.exactly(self.events, round).map_err(|failure| format!("after resending: {failure}").into())
    }
}

fn after(kills: u32, failure: &crate::Failure) -> String {
    format!("after {kills} kills: {failure}")
}

fn create_customers(service: &Service) -> Result<()> {
    let mut connection = Connection::open(service.address())?;
    for number in 0..SUBJECTS {
        let body = format!("{{\"name\":\"Customer {number}\",\"key\":\"s-{number}\"}}");
        connection.ask(&post("/api/v1/customers", "application/json", body.as_bytes()))?.expect(201)?;
    }
    Ok(())
}

/// The log read whole, and its totals compared with a recount.
fn verify(program: &Path, data: &Path) -> Result<()> {
    sh(app(program, data).arg("verify"))
}
