//! How fast usage is posted by the first contract.

use super::{Bench, Report, World};
use crate::Result;
use crate::load::http::{Connection, post};
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

/// The text of a customer's subject.
fn subject(number: u64) -> String {
    format!("c-{number:06}")
}

/// Gives each customer an event of this month.
fn ingest_for_each(world: &World, customers: u64) -> Result<()> {
    const BATCH: usize = 100;
    let mut connection = Connection::open(world.service.address())?;
    for first in (1..=customers).step_by(BATCH) {
        let numbers = first..(first + BATCH as u64).min(customers + 1);
        let body = format!("[{}]", numbers.map(event).collect::<Vec<_>>().join(","));
        let request = post("/api/v1/events", "application/cloudevents-batch+json", body.as_bytes());
        connection.ask(&request)?.expect(204)?;
    }
    Ok(())
}

/// A charge of this moment.
fn event(number: u64) -> String {
    let subject = subject(number);
    format!(
        "{{\"id\":\"{number}\",\"source\":\"bench\",\"specversion\":\"1.0\",\"type\":\"usage.charge\",\
         \"subject\":\"{subject}\",\"data\":{{\"service\":\"Compute Engine\",\"quantity\":\"{number}\",\
         \"unit\":\"Hours\",\"unit_price\":\"0.0316\"}}}}"
    )
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

/// Adds the latencies of a load.
fn latencies(report: &mut Report, name: &str, timing: &Timing, what: &str) {
    for (percentile, part) in [("p50", 0.5), ("p99", 0.99), ("max", 1.0)] {
        report.add(name, format!("latency {percentile}"), timing.percentile(part), "ms", what);
    }
}
