//! Requests over several connections at once, and how long their answers took. What is sent is the
//! senders' business.

use super::http::{SharingConnection, Target};
use super::machine;
use super::stop::Stop;
use crate::failure::Failure;
use crate::output::progress;
use futures_util::future::{join_all, try_join_all};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Barrier, OnceLock};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::runtime::Runtime;

/// What waits between tries of a request that the service had no room for.
const PAUSE: Duration = Duration::from_millis(20);
/// How long a request is tried.
const PATIENCE: Duration = Duration::from_secs(120);

/// What one connection sends.
pub(super) trait Sender: Send {
    /// The next request, made at this moment, in microseconds since 1970; `None` once all is sent.
    fn next(&mut self, now: u64) -> Option<&[u8]>;
}

/// A load.
pub(super) struct Load<'a> {
    pub(super) target: &'a Target,
    pub(super) stop: &'a Stop,
    /// The statuses that answers may have.
    pub(super) expected: &'a [u16],
    /// What is said while it runs, and of how many requests, where that is known.
    pub(super) what: &'static str,
    pub(super) requests: u64,
}

/// What a load took.
pub(super) struct Driven<S> {
    pub(super) senders: Vec<S>,
    pub(super) timing: Timing,
    /// Answers of a service that had no room; their requests were sent again.
    pub(super) refused: u64,
    /// Processor seconds of the threads that sent.
    pub(super) processor: Option<f64>,
}

/// Microseconds since 1970.
pub(super) fn now() -> u64 {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    u64::try_from(micros).unwrap_or(u64::MAX)
}

/// When an answer was there, and how long that took.
#[derive(Clone, Copy)]
struct Sample {
    /// In steps of 100 microseconds from the beginning of the load.
    end: u32,
    /// In microseconds.
    latency: u32,
}

/// The moment at which a load begins.
struct Origin {
    start: Instant,
    /// In microseconds since 1970.
    wall: u64,
}

/// Runs a load: each sender on a connection of its own. A thread for every two cores has its share of them, and
/// goes on with those that were answered: a thread for each would take the service's cores from it, to change
/// from one to the next.
pub(super) fn drive<S: Sender>(load: &Load, senders: Vec<S>) -> Result<Driven<S>, Failure> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let shares = shares(senders, cores / 2);
    let (barrier, origin) = (Barrier::new(shares.len() + 1), OnceLock::new());
    let (done, failed) = (AtomicU64::new(0), Stop::default());
    let bar = progress::count(load.what, usize::try_from(load.requests).unwrap_or(usize::MAX));
    let worker = Worker { load, barrier: &barrier, origin: &origin, done: &done, failed: &failed };
    let ended: Vec<Result<Share<S>, Failure>> = thread::scope(|scope| {
        let threads: Vec<_> = shares
            .into_iter()
            .map(|senders| {
                let worker = &worker;
                scope.spawn(move || {
                    let ended = worker.run(senders);
                    if ended.is_err() {
                        worker.failed.now();
                    }
                    ended
                })
            })
            .collect();
        // All connections are open before the clock starts.
        barrier.wait();
        let _ = origin.set(Origin { start: Instant::now(), wall: now() });
        barrier.wait();
        while !threads.iter().all(thread::ScopedJoinHandle::is_finished) {
            bar.set_position(done.load(Ordering::Relaxed));
            thread::sleep(Duration::from_millis(20));
        }
        let panicked = || Failure::operation("a thread of the load panicked");
        threads.into_iter().map(|thread| thread.join().map_err(|_| panicked())?).collect()
    });
    bar.finish_and_clear();
    load.stop.check()?;
    gather(ended)
}

/// Deals senders out to so many threads at most.
fn shares<S>(senders: Vec<S>, threads: usize) -> Vec<Vec<S>> {
    let mut shares: Vec<Vec<S>> = (0..threads.clamp(1, senders.len().max(1))).map(|_| Vec::new()).collect();
    let threads = shares.len();
    senders.into_iter().enumerate().for_each(|(number, sender)| shares[number % threads].push(sender));
    shares
}

/// What a thread ended with.
struct Share<S> {
    ended: Vec<Ended<S>>,
    processor: Option<f64>,
}

/// What a connection ended with.
struct Ended<S> {
    sender: S,
    samples: Vec<Sample>,
    last: Duration,
    refused: u64,
}

fn gather<S>(shares: Vec<Result<Share<S>, Failure>>) -> Result<Driven<S>, Failure> {
    let timing = Timing { elapsed: Duration::ZERO, latencies: Vec::new(), ends: Vec::new() };
    let mut driven = Driven { senders: Vec::new(), timing, refused: 0, processor: Some(0.0) };
    for share in shares {
        let share = share?;
        driven.processor = driven.processor.zip(share.processor).map(|(sum, own)| sum + own);
        for ended in share.ended {
            let timing = &mut driven.timing;
            timing.elapsed = timing.elapsed.max(ended.last);
            timing.latencies.extend(ended.samples.iter().map(|sample| sample.latency));
            timing.ends.extend(ended.samples.iter().map(|sample| sample.end));
            driven.senders.push(ended.sender);
            driven.refused += ended.refused;
        }
    }
    driven.timing.latencies.sort_unstable();
    driven.timing.ends.sort_unstable();
    Ok(driven)
}

/// A thread's part of a load.
struct Worker<'a> {
    load: &'a Load<'a>,
    barrier: &'a Barrier,
    origin: &'a OnceLock<Origin>,
    done: &'a AtomicU64,
    failed: &'a Stop,
}

impl Worker<'_> {
    fn run<S: Sender>(&self, senders: Vec<S>) -> Result<Share<S>, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::operation(format!("no thread to send: {error}")));
        let open = |runtime: &Runtime| {
            let open = senders.iter().map(|_| SharingConnection::open(self.load.target));
            runtime.block_on(try_join_all(open))
        };
        let ready = runtime.and_then(|runtime| open(&runtime).map(|connections| (runtime, connections)));
        self.barrier.wait();
        self.barrier.wait();
        let (runtime, connections) = ready?;
        let origin = self.origin.get().ok_or_else(|| Failure::operation("the load did not begin"))?;
        let before = machine::processor_of_thread();
        let each = connections.into_iter().zip(senders).map(async |(connection, sender)| {
            let ended = self.converse(origin, connection, sender).await;
            if ended.is_err() {
                self.failed.now();
            }
            ended
        });
        let ended = runtime.block_on(join_all(each)).into_iter().collect::<Result<_, _>>()?;
        let after = machine::processor_of_thread();
        Ok(Share { ended, processor: after.zip(before).map(|(after, before)| after - before) })
    }

    /// All requests of a connection, one after the other.
    async fn converse<S: Sender>(
        &self,
        Origin { start, wall }: &Origin,
        mut connection: SharingConnection,
        mut sender: S,
    ) -> Result<Ended<S>, Failure> {
        let (mut samples, mut refused, mut last) = (Vec::new(), 0, start.elapsed());
        while !self.load.stop.is_asked() && !self.failed.is_asked() {
            let micros = u64::try_from(last.as_micros()).unwrap_or(u64::MAX);
            let Some(request) = sender.next(wall + micros) else { break };
            let sent = start.elapsed();
            loop {
                let answer = connection.ask(request).await?;
                if !matches!(answer.status, 429 | 503) {
                    if !self.load.expected.contains(&answer.status) {
                        answer.expect(self.load.expected[0])?;
                    }
                    break;
                }
                if self.load.stop.is_asked() || start.elapsed() - sent > PATIENCE {
                    answer.expect(self.load.expected[0])?;
                }
                refused += 1;
                tokio::time::sleep(PAUSE).await;
            }
            last = start.elapsed();
            let end = u32::try_from(last.as_micros() / 100).unwrap_or(u32::MAX);
            samples
                .push(Sample { end, latency: u32::try_from((last - sent).as_micros()).unwrap_or(u32::MAX) });
            self.done.fetch_add(1, Ordering::Relaxed);
        }
        Ok(Ended { sender, samples, last, refused })
    }
}

/// How long the answers of a load took.
pub(super) struct Timing {
    /// From the first request to the last answer.
    pub(super) elapsed: Duration,
    /// In microseconds, ascending.
    latencies: Vec<u32>,
    /// In steps of 100 microseconds from the beginning, ascending.
    ends: Vec<u32>,
}

impl Timing {
    /// What writes took that were done one after the other.
    pub(super) fn of(latencies: impl IntoIterator<Item = Duration>) -> Timing {
        let micros = |took: Duration| u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        let mut elapsed = Duration::ZERO;
        let mut latencies: Vec<u32> =
            latencies.into_iter().inspect(|took| elapsed += *took).map(micros).collect();
        latencies.sort_unstable();
        Timing { elapsed, latencies, ends: Vec::new() }
    }

    pub(super) fn requests(&self) -> usize {
        self.latencies.len()
    }

    /// Requests a second.
    pub(super) fn rate(&self) -> f64 {
        self.requests() as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency, in milliseconds, that this part (0 to 1) of the requests did not exceed.
    pub(super) fn percentile(&self, part: f64) -> f64 {
        let rank = (self.requests() as f64 * part).ceil() as usize;
        let latency = self.latencies.get(rank.saturating_sub(1)).or(self.latencies.last());
        latency.map_or(0.0, |micros| f64::from(*micros) / 1000.0)
    }

    /// The rates, in requests a second, of the first tenth of the requests, the second, and so on; none
    /// of requests so few that chance makes them.
    pub(super) fn tenths(&self) -> Vec<f64> {
        let (count, mut before) = (self.ends.len(), (0, 0));
        if count < 100 {
            return Vec::new();
        }
        (1..=10)
            .filter_map(|tenth| {
                let requests = count * tenth / 10;
                let end = *self.ends.get(requests - 1)?;
                let seconds = f64::from(end - before.1) / 10_000.0;
                let rate = (requests - before.0) as f64 / seconds;
                before = (requests, end);
                rate.is_finite().then_some(rate)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_latencies_that_were_measured() {
        let timing = Timing::of((1..=100).rev().map(Duration::from_millis));
        let percentiles = [0.5, 0.9, 0.99, 1.0].map(|part| timing.percentile(part));
        assert_eq!(percentiles, [50.0, 90.0, 99.0, 100.0]);
        assert_eq!(timing.elapsed, Duration::from_millis(5050));
        assert_eq!(Timing::of([]).percentile(0.5), 0.0);
    }

    #[test]
    fn a_load_that_slows_down_shows_in_its_tenths() {
        // 50 requests in the first second, 50 in the five seconds after it.
        let ends = (1..=50).map(|n| n * 200).chain((1..=50).map(|n| 10_000 + n * 1000)).collect();
        let timing = Timing { elapsed: Duration::from_secs(6), latencies: vec![1; 100], ends };
        let tenths = timing.tenths();
        assert_eq!(tenths, [50.0, 50.0, 50.0, 50.0, 50.0, 10.0, 10.0, 10.0, 10.0, 10.0]);
    }
}
