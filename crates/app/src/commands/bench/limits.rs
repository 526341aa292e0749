//! What this machine can do at best at the parts of the work, measured in the same run: writing to
//! the disk, reading JSON, answering over HTTP, and making the load.

use super::drive::{Driven, Load, Sender, Timing, drive, now};
use super::events::Plan;
use super::http::Target;
use super::random::Random;
use super::stop::Stop;
use crate::failure::Failure;
use std::fs::OpenOptions;
use std::hint::black_box;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};
use usage_api::event::EventReader;
use usage_domain::time::Timestamp;

/// How long each part is measured; figures of a build that is not optimized say nothing anyway.
const EACH: Duration = Duration::from_millis(if cfg!(debug_assertions) { 50 } else { 700 });
/// The fewest times that each is done.
const LEAST: usize = 5;
/// A page, and a group of requests that the store writes at once.
pub(super) const WRITES: [(&str, usize); 2] = [("4 KiB", 4096), ("600 KB", 600_000)];
/// Events in a body that is read.
pub(super) const READ: u64 = 1000;

/// Appends to a file, each write made durable before the next.
pub(super) fn writes(folder: &Path, bytes: usize) -> Result<Timing, Failure> {
    let path = folder.join(format!("writes-{bytes}"));
    let took = append(&path, bytes)
        .map_err(|error| Failure::folder(format!("{} cannot be written: {error}", path.display())))?;
    Ok(Timing::of(took))
}

fn append(path: &Path, bytes: usize) -> io::Result<Vec<Duration>> {
    let mut random = Random::new(bytes as u64);
    let content: Vec<u8> = (0..bytes.div_ceil(8)).flat_map(|_| random.next().to_le_bytes()).collect();
    let mut file = OpenOptions::new().create_new(true).append(true).open(path)?;
    repeat(|| {
        file.write_all(&content[..bytes])?;
        file.sync_data()
    })
}

/// How long each of some repetitions took.
fn repeat<E>(mut work: impl FnMut() -> Result<(), E>) -> Result<Vec<Duration>, E> {
    let (start, mut took) = (Instant::now(), Vec::new());
    while took.len() < LEAST || start.elapsed() < EACH {
        let begin = Instant::now();
        work()?;
        took.push(begin.elapsed());
    }
    Ok(took)
}

/// What reading bodies took on one core, and how long a body is.
pub(super) fn reads(plan: &Plan) -> Result<(Timing, usize), Failure> {
    let mut body = Vec::new();
    plan.maker(0).add(&mut body, READ, now());
    let body = String::from_utf8(body).map_err(|error| Failure::operation(error.to_string()))?;
    let took = repeat(|| {
        let mut reader = EventReader::new(black_box(&body), Timestamp::MIN);
        let read = reader.read_array(usize::MAX);
        match (read, black_box(reader.finish())) {
            (Ok(()), (_, errors)) if errors.is_empty() => Ok(()),
            other => Err(Failure::operation(format!("the bodies cannot be read: {:?}", other.0))),
        }
    })?;
    Ok((Timing::of(took), body.len()))
}

/// What making bodies took on one core.
pub(super) fn making(plan: &Plan) -> Timing {
    let (mut maker, mut body) = (plan.maker(0), Vec::new());
    let took = repeat(|| {
        body.clear();
        maker.add(&mut body, READ, now());
        black_box(&body);
        Ok::<(), std::convert::Infallible>(())
    });
    match took {
        Ok(took) => Timing::of(took),
    }
}

/// Asks for `/healthz` again and again, for a while.
struct Idle {
    request: Vec<u8>,
    until: Option<u64>,
}

impl Sender for Idle {
    fn next(&mut self, now: u64) -> Option<&[u8]> {
        let until = *self.until.get_or_insert(now + u64::try_from(EACH.as_micros()).unwrap_or(0));
        (now < until).then_some(&self.request)
    }
}

/// What the service answers at best, as it does next to nothing for it.
pub(super) fn http(target: &Target, stop: &Stop, connections: u64) -> Result<Timing, Failure> {
    let sender = |_| Idle { request: target.get("/healthz"), until: None };
    let load = Load { target, stop, expected: &[200], what: "asking whether it works", requests: 0 };
    let Driven { timing, .. } = drive(&load, (0..connections).map(sender).collect())?;
    Ok(timing)
}
