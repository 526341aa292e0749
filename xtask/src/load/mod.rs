//! Load over loopback: requests, connections, the service under them, and how long answers took.
//! What is sent and what is made of the figures is the callers' business.

pub(crate) mod http;
pub(crate) mod random;
pub(crate) mod service;

use crate::Result;
use http::Connection;
use std::net::SocketAddr;
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How long a load took.
pub(crate) struct Timing {
    pub(crate) elapsed: Duration,
    /// One per request, ascending.
    latencies: Vec<Duration>,
}

impl Timing {
    pub(crate) fn new(elapsed: Duration, mut latencies: Vec<Duration>) -> Timing {
        latencies.sort_unstable();
        Timing { elapsed, latencies }
    }

    pub(crate) fn requests(&self) -> usize {
        self.latencies.len()
    }

    /// Requests a second.
    pub(crate) fn rate(&self) -> f64 {
        self.requests() as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency, in milliseconds, that this part (0 to 1) of the requests did not exceed.
    pub(crate) fn percentile(&self, part: f64) -> f64 {
        let rank = (self.requests() as f64 * part).ceil() as usize;
        let latency = self.latencies.get(rank.saturating_sub(1)).or(self.latencies.last());
        latency.map_or(0.0, |latency| latency.as_secs_f64() * 1000.0)
    }
}

/// Loads an address over some connections at once, each on a thread of its own. `worker` makes the
/// connection's work before the clock starts; the work does one request per call and says whether
/// there was one.
pub(crate) fn drive<W>(
    address: SocketAddr,
    connections: usize,
    worker: impl Fn(usize) -> W + Sync,
) -> Result<Timing>
where
    W: FnMut(&mut Connection) -> Result<bool>,
{
    let barrier = Barrier::new(connections + 1);
    let (all, failure) = (Mutex::new(Vec::new()), Mutex::new(None));
    let start = thread::scope(|scope| {
        for index in 0..connections {
            let (barrier, all, failure, worker) = (&barrier, &all, &failure, &worker);
            scope.spawn(move || {
                let mut work = worker(index);
                let connection = Connection::open(address);
                barrier.wait();
                let mut latencies = Vec::new();
                let requests = || -> Result<()> {
                    let mut connection = connection?;
                    loop {
                        let start = Instant::now();
                        if !work(&mut connection)? {
                            return Ok(());
                        }
                        latencies.push(start.elapsed());
                    }
                };
                if let Err(error) = requests() {
                    lock(failure).get_or_insert(error);
                }
                lock(all).append(&mut latencies);
            });
        }
        barrier.wait();
        Instant::now()
    });
    let elapsed = start.elapsed();
    match lock(&failure).take() {
        Some(failure) => Err(failure),
        None => Ok(Timing::new(elapsed, std::mem::take(&mut *lock(&all)))),
    }
}

/// Locks what no thread panics with.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
