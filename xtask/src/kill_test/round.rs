//! A round: several connections send batches until the service is killed under them.

use super::SUBJECTS;
use crate::load::http::{Connection, post};
use crate::load::random::Random;
use crate::load::service::Service;
use crate::{Failure, Result};
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{Sender, channel};
use std::thread;

const CONNECTIONS: u64 = 4;
/// A batch has at most so many new events.
const MAX_BATCH: u64 = 50;
/// The kill comes after at most so many steps.
const MAX_STEPS: u64 = 40;
/// A connection gives up after so many batches, should the kill not come.
const MAX_BATCHES: u64 = 1000;
/// An acknowledged batch in so many is sent again.
const RESENT: u64 = 4;
/// A batch in so many has events of an acknowledged one among its own.
const MIXED: u64 = 6;

/// What was sent in a round, and what became of it.
pub(crate) struct Round {
    pub(crate) number: u32,
    /// Answered with 204.
    pub(crate) acknowledged: Vec<Batch>,
    /// Without an answer: stored or not.
    pub(crate) pending: Vec<Batch>,
}

/// A request, and the ids that were new in it.
pub(crate) struct Batch {
    pub(crate) ids: Vec<String>,
    events: Vec<String>,
    pub(crate) request: Vec<u8>,
}

#[cfg(test)]
impl Batch {
    /// A batch that is only spoken of.
    pub(crate) fn of(ids: &[&str]) -> Batch {
        let ids = ids.iter().map(ToString::to_string).collect();
        Batch { ids, events: Vec::new(), request: Vec::new() }
    }
}

impl Round {
    /// How many different events were sent.
    pub(crate) fn sent(&self) -> u64 {
        count(&self.acknowledged) + count(&self.pending)
    }

    /// How many different events were acknowledged.
    pub(crate) fn acknowledged(&self) -> u64 {
        count(&self.acknowledged)
    }
}

fn count(batches: &[Batch]) -> u64 {
    batches.iter().map(|batch| batch.ids.len() as u64).sum()
}

/// What a connection says to whoever holds the kill.
enum Step {
    Sending,
    Acknowledged,
}

/// Loads the service and kills it after a random number of batches sent, or acknowledged.
pub(crate) fn run(number: u32, service: Service, random: &mut Random) -> Result<Round> {
    let (send, steps) = channel();
    let address = service.address();
    let threads: Vec<_> = (0..CONNECTIONS)
        .map(|connection| {
            let worker = Worker {
                round: number,
                connection,
                made: 0,
                random: Random::new(random.next()),
                steps: send.clone(),
                acknowledged: Vec::new(),
                pending: Vec::new(),
            };
            thread::spawn(move || worker.run(address))
        })
        .collect();
    drop(send);
    let (count_sending, mut left) = (random.below(2) == 0, 1 + random.below(MAX_STEPS));
    for step in steps {
        if matches!(step, Step::Sending) == count_sending {
            left -= 1;
        }
        if left == 0 {
            break;
        }
    }
    service.kill()?;

    let mut round = Round { number, acknowledged: Vec::new(), pending: Vec::new() };
    for thread in threads {
        let worker = thread.join().map_err(|_| "a connection's thread panicked")??;
        round.acknowledged.extend(worker.acknowledged);
        round.pending.extend(worker.pending);
    }
    if left > 0 {
        return Err("the connections ended before the kill".into());
    }
    Ok(round)
}

/// A connection's sender.
struct Worker {
    round: u32,
    connection: u64,
    made: u64,
    random: Random,
    steps: Sender<Step>,
    acknowledged: Vec<Batch>,
    pending: Vec<Batch>,
}

impl Worker {
    /// Sends until the connection breaks.
    fn run(mut self, address: SocketAddr) -> Result<Worker> {
        let Ok(mut connection) = Connection::open(address) else { return Ok(self) };
        for _ in 0..MAX_BATCHES {
            let batch = self.batch();
            let answer = self.send(&mut connection, &batch.request)?;
            let list = if answer { &mut self.acknowledged } else { &mut self.pending };
            list.push(batch);
            if !answer || !self.resend(&mut connection)? {
                break;
            }
        }
        Ok(self)
    }

    /// Sends a request; whether it was acknowledged before the connection broke.
    fn send(&self, connection: &mut Connection, request: &[u8]) -> Result<bool> {
        // Nobody counts any more once the kill is decided.
        let _ = self.steps.send(Step::Sending);
        match connection.ask(request) {
            Ok(answer) => answer.expect(204)?,
            Err(error) if broken(&error) => return Ok(false),
            Err(error) => return Err(Failure::from(error)),
        };
        let _ = self.steps.send(Step::Acknowledged);
        Ok(true)
    }

    /// Now and then sends an acknowledged batch again; whether the connection still stands.
    fn resend(&mut self, connection: &mut Connection) -> Result<bool> {
        if self.random.below(RESENT) > 0 {
            return Ok(true);
        }
        let which = self.random.below(self.acknowledged.len() as u64) as usize;
        self.send(connection, &self.acknowledged[which].request)
    }

    /// A batch of new events, sometimes with old ones among them.
    fn batch(&mut self) -> Batch {
        let mut batch = Batch { ids: Vec::new(), events: Vec::new(), request: Vec::new() };
        for _ in 0..=self.random.below(MAX_BATCH) {
            let id = format!("{}{}-{}", prefix(self.round), self.connection, self.made);
            self.made += 1;
            batch.events.push(event(&id, self.round, self.random.below(SUBJECTS)));
            batch.ids.push(id);
        }
        let mut texts = batch.events.clone();
        if self.random.below(MIXED) == 0 {
            texts.extend(self.acknowledged.last().iter().flat_map(|old| old.events.iter().take(7)).cloned());
        }
        let body = format!("[{}]", texts.join(","));
        batch.request = post("/api/v1/events", "application/cloudevents-batch+json", body.as_bytes());
        batch
    }
}

/// What the ids of a round begin with.
pub(crate) fn prefix(round: u32) -> String {
    format!("r{round}-")
}

/// An event that costs 1; a later round's is later, so that it is listed first.
fn event(id: &str, round: u32, subject: u64) -> String {
    let (minute, second) = (round / 60 % 60, round % 60);
    let (day, hour) = (1 + round / 86_400 % 28, round / 3600 % 24);
    format!(
        "{{\"id\":\"{id}\",\"source\":\"kill-test\",\"specversion\":\"1.0\",\"type\":\"usage.charge\",\
         \"subject\":\"s-{subject}\",\"time\":\"2026-01-{day:02}T{hour:02}:{minute:02}:{second:02}Z\",\
         \"data\":{{\"amount\":\"1\"}}}}"
    )
}

/// Whether a connection failed because the other side is gone.
fn broken(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
}
