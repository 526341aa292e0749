//! `bench`: a load that can be repeated, what it took, and what bounds it on this machine.
//!
//! Owns what is sent and how it is measured, through HTTP as any client sends it. Figures are never judged;
//! but that every event counted exactly once is checked, to the last digit, wherever meters can be asked.
//! Nothing here may be used by what the service does: it is outside, as its clients are.
#![expect(
    clippy::float_arithmetic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates and percentiles are measured, not billed; digits are cut from numbers that fit"
)]

mod drive;
mod events;
mod folder;
mod http;
mod ingest;
mod limits;
mod machine;
mod meters;
mod moments;
mod queries;
mod random;
mod report;
mod service;
mod stop;
mod texts;
mod uuid;

use crate::args::{self, Args};
use crate::database::Database;
use crate::failure::Failure;
use crate::{output, present};
use clap::ValueEnum;
use drive::now;
use events::{Plan, Wanted};
pub(crate) use folder::Folder;
use http::Target;
use ingest::Amount;
use queries::Questions;
use report::{Report, Sent, Settings};
use service::Fresh;
use std::path::Path;
use stop::Stop;

pub(crate) fn run(args: &Args, asked: &args::Bench) -> Result<(), Failure> {
    let stop = Stop::on_signals();
    let data = match &args.database {
        Database::Folder(data) => data.as_path(),
        Database::Postgres(_) if asked.url.is_some() => Path::new("usage-data"),
        Database::Postgres(_) => {
            return Err(Failure::operation("a fresh service is only made in a folder")
                .next("Start one on a PostgreSQL database of its own, and measure it with --url."));
        }
    };
    let folder = Folder::beside(data)?;
    let (fresh, target) = match &asked.url {
        Some(url) => (None, Target::new(url)?),
        None => {
            let (fresh, target) = Fresh::start(args, &folder)?;
            (Some(fresh), target)
        }
    };
    let settings = settings(asked);
    let plan = Plan::new(&wanted(&settings, asked), now());
    let report = Report::new(settings);
    let mut bench = Bench { asked, stop: &stop, folder: &folder, fresh, target, plan, report };
    bench.limits()?;
    if !asked.limits {
        bench.load()?;
    }
    if cfg!(debug_assertions) {
        bench.report.note("this build is not optimized: its figures say nothing");
    }
    let report = &bench.report;
    output::either(args.json, report, &report.text())?;
    if report.disagrees() {
        return Err(Failure::verification("the meters do not say what was sent"));
    }
    Ok(())
}

fn settings(asked: &args::Bench) -> Settings {
    let name =
        |value: Option<clap::builder::PossibleValue>| value.map_or_else(String::new, |v| v.get_name().into());
    Settings {
        service: asked.url.clone().unwrap_or_else(|| "a fresh service".to_string()),
        optimized: !cfg!(debug_assertions),
        events: asked.events,
        batch: u64::from(asked.batch),
        connections: u64::from(asked.connections),
        ids: name(asked.ids.to_possible_value()),
        times: name(asked.times.to_possible_value()),
        duplicates_per_million: u64::from(asked.duplicates),
        customers: u64::from(asked.customers),
        customers_as_customers: asked.customers_as_customers,
        meters: usize::from(asked.meters),
        queries: asked.queries,
        // Short enough to be typed, and to be a number in any reader of JSON.
        seed: asked.seed.unwrap_or_else(|| (present::random() >> 64) as u64 >> 32),
    }
}

fn wanted(settings: &Settings, asked: &args::Bench) -> Wanted {
    Wanted {
        meters: settings.meters,
        customers: settings.customers,
        ids: asked.ids,
        times: asked.times,
        repeats: settings.duplicates_per_million,
        batch: settings.batch,
        seed: settings.seed,
    }
}

/// A run.
struct Bench<'a> {
    asked: &'a args::Bench,
    stop: &'a Stop,
    folder: &'a Folder,
    /// The service, where it is one of the run's own.
    fresh: Option<Fresh>,
    target: Target,
    plan: Plan,
    report: Report,
}

impl Bench<'_> {
    /// What the parts of the work take at best.
    fn limits(&mut self) -> Result<(), Failure> {
        const NAME: &str = "limits";
        for (size, bytes) in limits::WRITES {
            let timing = limits::writes(self.folder.path(), bytes)?;
            let method = format!("appending {size} to a file, fdatasync each time, one writer");
            let rate = timing.rate() * bytes as f64 / 1e6;
            self.report.add(NAME, format!("disk, {size}, p50"), timing.percentile(0.5), "ms", &method);
            self.report.add(NAME, format!("disk, {size}, p99"), timing.percentile(0.99), "ms", &method);
            self.report.add(NAME, format!("disk, {size}"), rate, "MB/s", &method);
            self.stop.check()?;
        }
        let wanted = wanted(&self.report.settings, self.asked);
        let plan = Plan::new(&Wanted { batch: limits::READ, ..wanted }, now());
        let (timing, bytes) = limits::reads(&plan)?;
        let method = "the service's own reader over bodies of 1,000 of these events, one core";
        let events = timing.requests() as f64 * limits::READ as f64;
        self.report.add(NAME, "JSON", events / timing.elapsed.as_secs_f64(), "events/s", method);
        let read = timing.requests() as f64 * bytes as f64 / 1e6;
        self.report.add(NAME, "JSON, bytes", read / timing.elapsed.as_secs_f64(), "MB/s", method);
        let timing = limits::making(&plan);
        let nanos = timing.elapsed.as_secs_f64() * 1e9 / (timing.requests() as f64 * limits::READ as f64);
        let method = "the load generator making these events, one core, nothing sent";
        self.report.add(NAME, "making events", nanos, "ns/event", method);
        let timing = limits::http(&self.target, self.stop, u64::from(self.asked.connections))?;
        let method = "GET /healthz over the connections of the load, before it";
        self.report.add(NAME, "HTTP", timing.rate(), "requests/s", method);
        self.report.add(NAME, "HTTP, p99", timing.percentile(0.99), "ms", method);
        Ok(())
    }

    /// The load, the check of what it left, and the queries after it.
    fn load(&mut self) -> Result<(), Failure> {
        let (connections, count) = (u64::from(self.asked.connections), self.report.settings.meters);
        if self.asked.customers_as_customers {
            let made = queries::create_customers(&self.target, self.stop, self.plan.customers, connections)?;
            self.report.add("customers", "made", made.rate(), "requests/s", "POST /api/v1/customers, each");
        }
        meters::create(&self.target, count)?;
        let before = meters::usage(&self.target, count)?;

        let amount = Amount { events: self.asked.events, batch: u64::from(self.asked.batch), connections };
        let cost = self.cost();
        let sent = ingest::run(&self.target, self.stop, &self.plan, amount)?;
        self.ingested(&sent, cost);

        let after = meters::usage(&self.target, count)?;
        let meters = meters::check(&sent.sums, &before, &after)?;
        self.report.sent = Some(Sent { events: sent.events, repeats: sent.repeats, meters });
        if self.asked.queries > 0 {
            self.ask()?;
        }
        Ok(())
    }

    /// Processor seconds of the fresh service so far.
    fn cost(&self) -> Option<f64> {
        machine::processor(self.fresh.as_ref()?.process())
    }

    /// Adds the figures of a load.
    fn ingested(&mut self, sent: &ingest::Sent, before: Option<f64>) {
        const NAME: &str = "ingest";
        let events = sent.events as f64;
        let per_request = events / sent.timing.requests() as f64;
        let method = "from the first request to the last 204, each after its events are on disk";
        self.report.add(NAME, "rate", sent.timing.rate() * per_request, "events/s", method);
        self.report.tenths = sent.timing.tenths().iter().map(|rate| rate * per_request).collect();
        let method = "a request, from its first byte sent to its answer read";
        self.report.add_latencies(NAME, &sent.timing, method);
        self.report.add(NAME, "sent", sent.bytes as f64 / events, "bytes/event", "the bodies of requests");
        let method = "answers of 429 or 503, after which the request was sent again";
        self.report.add(NAME, "refused", sent.refused as f64, "requests", method);
        if let Some(seconds) = sent.processor {
            let method = "processor time of the sending threads, in and out of the kernel";
            self.report.add(NAME, "processor, generator", seconds, "s", method);
            self.report.add(NAME, "processor, generator", seconds * 1e9 / events, "ns/event", method);
        }
        self.stored(sent, before);
    }

    /// Adds what the load cost the fresh service.
    fn stored(&mut self, sent: &ingest::Sent, before: Option<f64>) {
        const NAME: &str = "service";
        let Some(process) = self.fresh.as_ref().map(Fresh::process) else {
            return self.report.note("memory, disk and processor time are measured of a fresh service only");
        };
        let (events, kept) = (sent.events as f64, (sent.events - sent.repeats) as f64);
        let after = self.cost();
        let memory = machine::memory(process);
        let rested = machine::rests(process);
        let until_idle = self.cost();
        for (seconds, until) in [(after, "to the last answer"), (until_idle, "until it rests")] {
            if let Some((seconds, before)) = seconds.zip(before) {
                let method =
                    "processor time of all threads, in and out of the kernel, from the load's beginning";
                let seconds = seconds - before;
                self.report.add(NAME, format!("processor, {until}"), seconds, "s", method);
                self.report.add(
                    NAME,
                    format!("processor, {until}"),
                    seconds * 1e6 / events,
                    "µs/event",
                    method,
                );
            }
        }
        if let Some((now, highest)) = memory {
            self.report.add(NAME, "memory", now, "MiB", "resident, after the last answer");
            self.report.add(NAME, "memory, highest", highest, "MiB", "resident at its highest until then");
        }
        for (what, path) in [("disk", self.folder.data()), ("disk, log", self.folder.data().join("log"))] {
            if let Ok(bytes) = folder::size(&path) {
                let method = "files of the folder once the service rests, per event that is no repeat";
                self.report.add(NAME, what, bytes as f64 / kept, "bytes/event", method);
            }
        }
        if !rested {
            self.report.note("the service was still busy two minutes after the load");
        }
    }

    /// Asks what is asked after a load.
    fn ask(&mut self) -> Result<(), Failure> {
        let questions = Questions {
            target: &self.target,
            stop: self.stop,
            plan: &self.plan,
            meters: self.report.settings.meters,
            month: self.plan.month(now()),
            times: self.asked.queries,
            seed: self.report.settings.seed,
        };
        let report = &mut self.report;
        let method = "a meter's usage of a month of one customer, random ones in turn on one connection";
        report.add_latencies("usage of a customer", &questions.usage_of_a_customer()?, method);
        let method = "a meter's usage of a month of all customers together, by day, on one connection";
        report.add_latencies("usage by day", &questions.usage_by_day()?, method);
        questions.prepare_bills()?;
        let method =
            "a bill of a month, with 20 charges among the events, random ones of 100 customers in turn";
        report.add_latencies("bill", &questions.bills()?, method);
        Ok(())
    }
}
