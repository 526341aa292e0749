//! Nodes on one database: services that are killed and started again while others send to them.

use crate::Result;
use crate::load::http::Connection;
use crate::load::lock;
use crate::load::random::Random;
use crate::load::service::{Service, Starting};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// No batch is sent for longer.
const PATIENCE: Duration = Duration::from_secs(300);
/// The wait before a batch that was not taken is sent again.
const PAUSE: Duration = Duration::from_millis(20);

/// What nodes are told: a database that is away is noticed soon.
const SETTINGS: [(&str, &str); 2] =
    [("USAGE_APP_POSTGRES_WAIT", "2"), ("USAGE_APP_POSTGRES_STATEMENT", "20")];

pub(super) struct Cluster {
    program: PathBuf,
    database: String,
    folder: PathBuf,
    /// A place of nothing is a node that is not there.
    nodes: Mutex<Vec<Option<Service>>>,
    /// Batches that were acknowledged.
    pub(super) acknowledged: AtomicU64,
    /// Times that a batch was sent again.
    pub(super) again: AtomicU64,
}

impl Cluster {
    /// Starts nodes on a database, all at once.
    pub(super) fn start(program: &Path, database: &str, folder: &Path, nodes: usize) -> Result<Cluster> {
        let mut cluster = Cluster {
            program: program.to_path_buf(),
            database: database.to_string(),
            folder: folder.to_path_buf(),
            nodes: Mutex::default(),
            acknowledged: AtomicU64::new(0),
            again: AtomicU64::new(0),
        };
        let starting: Vec<Starting> = (0..nodes).map(|place| cluster.spawn(place)).collect::<Result<_>>()?;
        let started: Vec<_> =
            starting.into_iter().map(|node| node.ready().map(Some)).collect::<Result<_>>()?;
        cluster.nodes = Mutex::new(started);
        Ok(cluster)
    }

    fn spawn(&self, place: usize) -> Result<Starting> {
        let errors = self.folder.join(format!("node-{place}.stderr"));
        Starting::spawn_on(&self.program, self.database.as_ref(), &errors, &SETTINGS)
    }

    /// Where the nodes are that are there.
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        lock(&self.nodes).iter().flatten().map(Service::address).collect()
    }

    /// Ends a node with SIGKILL, where it is there.
    pub(super) fn kill(&self, place: usize) -> Result<()> {
        let node = lock(&self.nodes)[place].take();
        node.map_or(Ok(()), Service::kill)
    }

    /// Starts a node again; one that finds no database is started until it does.
    pub(super) fn revive(&self, place: usize) -> Result<()> {
        let start = Instant::now();
        loop {
            match self.spawn(place)?.ready() {
                Ok(node) => {
                    lock(&self.nodes)[place] = Some(node);
                    return Ok(());
                }
                Err(failure) if start.elapsed() > PATIENCE => return Err(failure),
                Err(_) => thread::sleep(PAUSE),
            }
        }
    }

    /// Sends a request to a node, and to others where it does not take it, until one has acknowledged it.
    pub(super) fn send(&self, request: &[u8], random: &mut Random) -> Result<()> {
        let start = Instant::now();
        loop {
            let nodes = self.addresses();
            let node = nodes.get(random.below(nodes.len().max(1) as u64) as usize);
            let answer = node.map(|node| Connection::open(*node).and_then(|mut node| node.ask(request)));
            match answer {
                Some(Ok(answer)) if answer.status == 204 => {
                    self.acknowledged.fetch_add(1, Ordering::Relaxed);
                    return Ok(());
                }
                Some(Ok(answer)) if ![429, 503].contains(&answer.status) => {
                    return answer.expect(204).map(drop);
                }
                // Killed in the middle, busy, or without its database: stored or not.
                _ if start.elapsed() > PATIENCE => return Err("no node takes a batch any more".into()),
                _ => {
                    self.again.fetch_add(1, Ordering::Relaxed);
                    thread::sleep(PAUSE);
                }
            }
        }
    }
}
