//! How fast usage is posted by the first contract.

use super::ingest::latencies;
use super::{Bench, World};
use crate::Result;
use crate::load::events::{Batch, Clock, subject};
use crate::load::http::{Connection, post};
use crate::load::random::Random;
use crate::load::{Timing, drive};
use std::sync::atomic::{AtomicU64, Ordering};

const NAME: &str = "create-usage";
const CUSTOMERS: u64 = 10_000;
const CONNECTIONS: usize = 64;
/// What the service was asked for at first, requests a second.
const ORIGINAL: f64 = 50.0;

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    let customers = bench.scaled(CUSTOMERS);
    bench.progress(&format!("posting the usage of {customers} customers"));
    let world = World::new(bench, NAME)?;
    let made = for_each_customer(&world, customers, |number| {
        let subject = subject(number);
        let body = format!(
            "{{\"name\":\"Customer {number}\",\"number\":{number},\"usageAttribution\":{{\"subjectKeys\":[\"{subject}\"]}}}}"
        );
        (post("/api/v1/customers", "application/json", body.as_bytes()), 201)
    })?;
    ingest_for_each(&world, customers)?;
    let create_usage = |number: u64| {
        let body = format!("{{\"customer\":{number}}}");
        post("/api/v1/usage/create/", "application/json", body.as_bytes())
    };
    let first = for_each_customer(&world, customers, |number| (create_usage(number), 201))?;
    let repeat = for_each_customer(&world, customers, |number| (create_usage(number), 409))?;
    world.stop()?;

    let report = &mut bench.report;
    let requests = format!("{customers} customers over {CONNECTIONS} connections");
    report.add(
        NAME,
        "customers made",
        made.rate(),
        "requests/s",
        format!("POST /api/v1/customers, {requests}"),
    );
    for (what, status, timing) in [("first posts", 201, &first), ("repeats", 409, &repeat)] {
        let times = timing.rate() / ORIGINAL;
        let method = format!(
            "POST /api/v1/usage/create/ answered {status}, {requests}; {times:.0} times the original's {ORIGINAL:.0} a second"
        );
        report.add(NAME, what, timing.rate(), "requests/s", method);
    }
    latencies(report, NAME, &first, "a first post among the others");
    Ok(())
}

/// Gives each customer an event of this month.
fn ingest_for_each(world: &World, customers: u64) -> Result<()> {
    const BATCH: usize = 100;
    let (mut random, mut clock) = (Random::new(Random::seed()), Clock::default());
    let mut batch = Batch::new(&mut random, BATCH);
    let mut connection = Connection::open(world.service.address())?;
    for first in (1..=customers).step_by(BATCH) {
        batch.renew(&mut random, &mut clock);
        connection.ask(batch.subjects_from(first))?.expect(204)?;
    }
    Ok(())
}

/// Sends a request for each customer, each of which must have its status.
fn for_each_customer(
    world: &World,
    customers: u64,
    request: impl Fn(u64) -> (Vec<u8>, u16) + Sync,
) -> Result<Timing> {
    let next = AtomicU64::new(1);
    drive(world.service.address(), CONNECTIONS, |_| {
        |connection: &mut Connection| {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number > customers {
                return Ok(false);
            }
            let (request, status) = request(number);
            connection.ask(&request)?.expect(status)?;
            Ok(true)
        }
    })
}
