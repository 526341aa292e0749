//! How fast a bill is made of many events.

use super::ingest::latencies;
use super::{Bench, World, machine};
use crate::Result;
use crate::load::drive;
use crate::load::events::{SUBJECTS, subject};
use crate::load::http::{Connection, get, post};
use crate::load::random::Random;
use std::time::Instant;

const NAME: &str = "bill";
/// Customers that bills are asked for; the other subjects' events lie among theirs.
const CUSTOMERS: u64 = 1000;
const BILLS: u64 = 20_000;
/// Requests that are sent in a row before their answers are read.
const PIPELINE: usize = 50;

pub(super) fn run(bench: &mut Bench, world: &World, events: u64) -> Result<()> {
    let bills = bench.scaled(BILLS);
    bench.progress(&format!("{bills} bills"));
    let mut random = Random::new(Random::seed());
    let requests = create_customers(world, &mut random)?;
    machine::wait_until_idle(world.service.pid());
    let mut pick = || &requests[random.below(requests.len() as u64) as usize];

    let picked: Vec<&Vec<u8>> = (0..bills).map(|_| pick()).collect();
    let timing = drive(world.service.address(), 1, |_| {
        let mut next = picked.iter();
        move |connection: &mut Connection| {
            let Some(request) = next.next() else { return Ok(false) };
            connection.ask(request)?.expect(200)?;
            Ok(true)
        }
    })?;

    let (cpu, start) = (machine::cpu(world.service.pid()), Instant::now());
    let mut connection = Connection::open(world.service.address())?;
    for part in picked.chunks(PIPELINE) {
        let joined: Vec<u8> = part.iter().flat_map(|request| request.iter().copied()).collect();
        connection.send(&joined)?;
        for _ in part {
            connection.receive()?.expect(200)?;
        }
    }
    let each = start.elapsed().as_secs_f64() / bills as f64;
    let cpu = machine::cpu(world.service.pid()).zip(cpu).map(|(after, before)| after - before);

    let report = &mut bench.report;
    let what = format!(
        "GET of this month's bill of a random customer, {bills} in turn on one connection, {events} events stored, the service idle before"
    );
    latencies(report, NAME, &timing, &what);
    let method = format!(
        "wall time per bill with {PIPELINE} requests sent in a row on one connection: no round trip is waited for"
    );
    report.add(NAME, "pipelined", each * 1e6, "µs", method);
    let method = "the service's processor time per bill of the same run: HTTP and JSON, but no network";
    report.add_known(NAME, "processor, service", cpu.map(|cpu| cpu * 1e6 / bills as f64), "µs", method);
    Ok(())
}

/// Makes some of the subjects customers; gives the requests for their bills.
fn create_customers(world: &World, random: &mut Random) -> Result<Vec<Vec<u8>>> {
    let mut connection = Connection::open(world.service.address())?;
    let first = random.below(SUBJECTS);
    let mut requests = Vec::new();
    for step in 0..CUSTOMERS {
        // Spread over all subjects, none twice.
        let subject = subject((first + step * (SUBJECTS / CUSTOMERS)) % SUBJECTS);
        let body = format!("{{\"name\":\"Customer {subject}\",\"key\":\"{subject}\"}}");
        connection.ask(&post("/api/v1/customers", "application/json", body.as_bytes()))?.expect(201)?;
        requests.push(get(&format!("/api/v1/customers/key:{subject}/bill")));
    }
    Ok(requests)
}
