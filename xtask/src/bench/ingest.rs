//! How fast events are taken in, and what storing them costs.

use super::{Bench, World, machine};
use crate::Result;
use crate::folder;
use crate::load::events::{Batch, Clock};
use crate::load::random::Random;
use crate::load::{Timing, drive};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

/// Different batches that a connection sends in turn.
const BATCHES: usize = 4;
const SINGLE_CONNECTIONS: usize = 64;
const SINGLE_EVENTS: u64 = 300_000;

/// What an ingest took.
pub(super) struct Ingested {
    pub(super) events: u64,
    timing: Timing,
    event_bytes: usize,
    cpu_service: Option<f64>,
    cpu_generator: Option<f64>,
}

/// Sends batches of events, all with new ids.
pub(super) fn batches(bench: &Bench, world: &World, events: u64) -> Result<Ingested> {
    bench.progress(&format!("ingest of {events} events"));
    let (connections, batch) = (usize::from(bench.options.connections), usize::from(bench.options.batch));
    ingest(world, events, connections, batch)
}

fn ingest(world: &World, events: u64, connections: usize, batch: usize) -> Result<Ingested> {
    let seed = Random::seed();
    let requests = AtomicU64::new(events.div_ceil(batch as u64));
    let event_bytes = AtomicU64::new(0);
    let asked = requests.load(Ordering::Relaxed);
    let cpu = || (machine::cpu(world.service.pid()), machine::cpu(process::id()));
    let before = cpu();
    let timing = drive(world.service.address(), connections, |index| {
        let mut random = Random::new(seed.wrapping_add(index as u64));
        let mut batches: Vec<Batch> = (0..BATCHES).map(|_| Batch::new(&mut random, batch)).collect();
        event_bytes.store(batches[0].event_bytes() as u64, Ordering::Relaxed);
        let (mut clock, mut turn) = (Clock::default(), 0);
        let requests = &requests;
        move |connection: &mut crate::load::http::Connection| {
            if requests
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                .is_err()
            {
                return Ok(false);
            }
            turn = (turn + 1) % BATCHES;
            let request = batches[turn].renew(&mut random, &mut clock);
            connection.ask(request)?.expect(204)?;
            Ok(true)
        }
    })?;
    let after = cpu();
    Ok(Ingested {
        events: asked * batch as u64,
        timing,
        event_bytes: event_bytes.into_inner() as usize,
        cpu_service: after.0.zip(before.0).map(|(after, before)| after - before),
        cpu_generator: after.1.zip(before.1).map(|(after, before)| after - before),
    })
}

/// Adds the figures of an ingest of batches.
pub(super) fn report(bench: &mut Bench, world: &World, ingested: &Ingested) -> Result<()> {
    const NAME: &str = "ingest";
    let (connections, batch) = (bench.options.connections, bench.options.batch);
    let (timing, events) = (&ingested.timing, ingested.events as f64);
    let memory = machine::memory(world.service.pid());
    let stored = folder::size(&world.data())? as f64;
    let report = &mut bench.report;
    report.add(
        NAME,
        "rate",
        events / timing.elapsed.as_secs_f64(),
        "events/s",
        format!(
            "{events} events of about {} bytes, random ids, 100,000 subjects, live times, batches of {batch} over {connections} connections; from the first request to the last 204, each after its events are on disk",
            ingested.event_bytes
        ),
    );
    latencies(report, NAME, timing, "a batch, from its first byte sent to its 204; making it included");
    report.add(
        NAME,
        "disk",
        stored / events,
        "bytes/event",
        "all files of the folder, indexes and all, right after the last answer",
    );
    report.add_known(
        NAME,
        "memory",
        memory.map(|(now, _)| now),
        "MiB",
        "the service's resident memory after the last answer",
    );
    report.add_known(
        NAME,
        "memory, highest",
        memory.map(|(_, highest)| highest),
        "MiB",
        "the service's resident memory at its highest",
    );
    processor(report, NAME, ingested);
    Ok(())
}

/// One event per request.
pub(super) fn single(bench: &mut Bench) -> Result<()> {
    const NAME: &str = "ingest-single";
    let events = bench.scaled(SINGLE_EVENTS);
    bench.progress(&format!("ingest of {events} single events"));
    let world = World::new(bench, NAME)?;
    let ingested = ingest(&world, events, SINGLE_CONNECTIONS, 1)?;
    world.stop()?;
    let report = &mut bench.report;
    let method = format!(
        "{events} requests of one event over {SINGLE_CONNECTIONS} connections, each answered after its event is on disk"
    );
    report.add(NAME, "rate", ingested.timing.rate(), "events/s", method);
    latencies(report, NAME, &ingested.timing, "a request, from its first byte sent to its 204");
    processor(report, NAME, &ingested);
    Ok(())
}

/// Adds the latencies of a load.
pub(super) fn latencies(report: &mut super::Report, name: &'static str, timing: &Timing, what: &str) {
    for (percentile, part) in [("p50", 0.5), ("p99", 0.99), ("max", 1.0)] {
        report.add(name, format!("latency {percentile}"), timing.percentile(part), "ms", what);
    }
}

fn processor(report: &mut super::Report, name: &'static str, ingested: &Ingested) {
    let method = "processor time of all threads, in and out of the kernel, during the load";
    report.add_known(name, "processor, service", ingested.cpu_service, "s", method);
    report.add_known(name, "processor, generator", ingested.cpu_generator, "s", method);
}
