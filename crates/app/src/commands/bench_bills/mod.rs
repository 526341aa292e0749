//! `bench-bills`: what bills cost, on a folder made for it and inside this process.
//!
//! Owns a made-up month of many customers and the times that its bills take. No figure is judged; but that
//! the bills come to what was used is checked, to the last digit, and a sample of them is proven from the log.
#![expect(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "times are measured, not billed")]

mod load;

use super::bench::Folder;
use crate::args::{Args, BenchBills};
use crate::failure::Failure;
use crate::output::progress;
use crate::output::table::Table;
use crate::{database, output, present};
use load::Load;
use serde::Serialize;
use std::sync::Arc;
use std::time::{Duration, Instant};
use usage_api::stored;
use usage_domain::customer::{Customer, CustomerDraft, CustomerId, CustomerRef};
use usage_domain::decimal::Decimal;
use usage_domain::event::UsageEvent;
use usage_domain::meter::{Aggregation, Dimension, MeterDraft, MeterId};
use usage_domain::subscription::SubscriptionId;
use usage_domain::time::{Month, Timestamp};
use usage_engine::billing::{Candidate, RunOptions, SubscriptionDraft};
use usage_engine::{Engine, EngineError};
use usage_store::Handling;
use usage_store::embedded::{EmbeddedStore, Options};

/// Customers and subscriptions that are made at a time, and customers of a page of the run.
const AT_ONCE: u64 = 1000;
/// Bills that are looked at alone, and that are proven.
const SAMPLE: u64 = 200;
const PROVEN: u64 = 3;
/// How long usage arrives while nothing else is done.
const ALONE: Duration = Duration::from_secs(10);
/// A fee, two items with tiers and a minimum.
const PLAN: &str = r#"{"key":"bench","name":"Bench","versions":[{"version":1,
    "effective_from":"2020-01-01T00:00:00Z","currency":"USD","items":[
    {"key":"fee","name":"Base fee","price":{"model":"flat","amount":"10"}},
    {"key":"m0","name":"Requests","meter":"bench_0","price":{"model":"per_unit","unit_amount":"0.0125"}},
    {"key":"m1","name":"Tokens","meter":"bench_1","details":["model"],"price":{"model":"graduated","tiers":[
        {"up_to":"10","unit_amount":"0"},{"up_to":null,"unit_amount":"0.003"}]}},
    {"key":"m2","name":"Storage","meter":"bench_2","price":{"model":"package","package_size":"10","amount":"0.50"}}]}]}"#;

/// The figures of a run.
#[derive(Serialize)]
struct Report {
    customers: u64,
    events: u64,
    optimized: bool,
    figures: Vec<Figure>,
    bills: usize,
    /// The sum of all totals.
    total: String,
    proven: u64,
}

/// A measured figure.
#[derive(Serialize)]
struct Figure {
    name: &'static str,
    value: f64,
    unit: &'static str,
    method: &'static str,
}

/// A run in the making.
struct Bench {
    engine: Engine,
    month: Month,
    /// When everything is done: the month is over.
    now: Timestamp,
    customers: u64,
    /// Whether usage goes on arriving meanwhile.
    with_ingest: bool,
    figures: Vec<Figure>,
}

pub(crate) fn run(args: &Args, asked: &BenchBills) -> Result<(), Failure> {
    let beside = match &args.database {
        database::Database::Folder(data) => data.clone(),
        database::Database::Postgres(_) => "usage-data".into(),
    };
    let folder = Folder::beside(&beside)?;
    let runtime = database::runtime()?;
    let report = runtime.block_on(async {
        let options = Options::new(present::secret()?, "bench-bills");
        let engine = Engine::new(Arc::new(EmbeddedStore::open(&folder.data(), options)?));
        let now = present::now();
        let this = now.month(&usage_domain::time::Zone::utc());
        let month =
            this.previous().ok_or_else(|| Failure::operation("the clock is at the beginning of time"))?;
        let (customers, with_ingest) = (asked.customers, asked.with_ingest);
        let mut bench = Bench { engine, month, now, customers, with_ingest, figures: Vec::new() };
        let report = bench.run().await?;
        bench.engine.close().await?;
        Ok::<_, Failure>(report)
    })?;
    output::either(args.json, &report, &text(&report))
}

impl Bench {
    async fn run(&mut self) -> Result<Report, Failure> {
        let customers = self.make_customers().await?;
        let (events, owed) = self.make_usage().await?;
        self.live(&customers).await?;
        self.simulate().await?;
        let load = if self.with_ingest { Some(self.ingest_alone().await?) } else { None };
        let finalized = self.finalize().await?;
        if let Some(load) = load {
            let rate = load.stop().await?;
            self.add(
                "ingest during the bill run",
                rate,
                "events/s",
                "the same load, until all bills are written",
            );
        }
        let mut total = Decimal::ZERO;
        for amount in &finalized {
            total = total.add(amount.parse().map_err(unreadable)?).map_err(unreadable)?;
        }
        if total != owed || finalized.len() as u64 != self.customers {
            let what = format!("{} bills come to {total}, and should to {owed}", finalized.len());
            return Err(Failure::verification(what));
        }
        self.prove().await?;
        Ok(Report {
            customers: self.customers,
            events,
            optimized: !cfg!(debug_assertions),
            figures: std::mem::take(&mut self.figures),
            bills: finalized.len(),
            total: total.to_string(),
            proven: PROVEN.min(self.customers),
        })
    }

    fn add(&mut self, name: &'static str, value: f64, unit: &'static str, method: &'static str) {
        self.figures.push(Figure { name, value, unit, method });
    }

    async fn make_customers(&mut self) -> Result<Vec<Customer>, Failure> {
        for number in 0..3 {
            let draft = MeterDraft {
                key: format!("bench_{number}"),
                name: None,
                description: None,
                aggregation: Aggregation::Sum,
                event_type: format!("bench_{number}"),
                value_property: "$.value".parse().ok(),
                dimensions: vec![Dimension {
                    name: "model".into(),
                    path: "$.model".parse().map_err(unreadable)?,
                }],
                event_from: None,
                metadata: None,
            };
            self.engine.create_meter(MeterId(new_id()), draft, self.now).await?;
        }
        self.engine.put_plan(stored::plan(PLAN).map_err(unreadable)?).await?;
        let bar = progress::count("customers", usize::try_from(self.customers).unwrap_or(usize::MAX));
        let start = self.month.period(&usage_domain::time::Zone::utc()).start;
        let (mut customers, now) = (Vec::new(), self.now);
        for first in (0..self.customers).step_by(usize::try_from(AT_ONCE).unwrap_or(1)) {
            let made = (first..self.customers.min(first + AT_ONCE)).map(|number| {
                let engine = self.engine.clone();
                tokio::spawn(async move {
                    let key = subject(number);
                    let draft = CustomerDraft { key: Some(key.clone()), ..CustomerDraft::named(&key) };
                    let customer = engine.create_customer(CustomerId(new_id()), draft, now).await?;
                    let draft = SubscriptionDraft {
                        plan: "bench".into(),
                        version: None,
                        start: Some(start),
                        end: None,
                        trial_end: None,
                        overrides: std::collections::BTreeMap::new(),
                    };
                    engine.subscribe(&customer, SubscriptionId(new_id()), draft, now).await?;
                    Ok::<_, EngineError>(customer)
                })
            });
            for task in made.collect::<Vec<_>>() {
                customers.push(task.await.map_err(unreadable)??);
                bar.inc(1);
            }
        }
        bar.finish_and_clear();
        Ok(customers)
    }

    /// Ten events for each customer; how many, and what they come to with the fees.
    async fn make_usage(&mut self) -> Result<(u64, Decimal), Failure> {
        let start = self.month.period(&usage_domain::time::Zone::utc()).start;
        let (mut events, mut sent) = (Vec::new(), 0);
        for number in 0..self.customers {
            for event in 0..10_u64 {
                let nanos = i64::try_from(number * 7_919 + event * 86_400 * 2).unwrap_or(0) % 2_400_000;
                let time = Timestamp::from_nanos(start.nanos() + nanos * 1_000_000_000).unwrap_or(start);
                events.push(UsageEvent {
                    id: format!("{number}-{event}"),
                    source: "bench".into(),
                    event_type: format!("bench_{}", event % 3),
                    subject: subject(number),
                    time,
                    time_given: true,
                    data: Some(format!("{{\"value\":{},\"model\":\"m{}\"}}", event + 1, event % 2)),
                    extensions: None,
                });
            }
            if events.len() >= 10_000 || number + 1 == self.customers {
                sent += events.len() as u64;
                self.engine.ingest(std::mem::take(&mut events), self.now, Handling::Strict).await?;
            }
        }
        // The fee; 22 requests; 15 tokens, of which 10 are free; 18 of storage in two packages. The first
        // line is 0.275, which is 0.28; the second is 0.015, which is 0.02.
        let each: Decimal = "11.30".parse().map_err(unreadable)?;
        let count = i64::try_from(self.customers).unwrap_or(i64::MAX);
        Ok((sent, each.mul(Decimal::new(count, 0)).map_err(unreadable)?))
    }

    async fn live(&mut self, customers: &[Customer]) -> Result<(), Failure> {
        let step = (customers.len() / usize::try_from(SAMPLE).unwrap_or(1)).max(1);
        let mut times = Vec::new();
        for customer in customers.iter().step_by(step) {
            let began = Instant::now();
            self.engine.bill(&CustomerRef::Id(customer.id), Some(self.month), self.now).await?;
            times.push(began.elapsed());
        }
        times.sort_unstable();
        let at = |part: usize| milliseconds(times[(times.len() - 1) * part / 100]);
        self.add(
            "live bill, p50",
            at(50),
            "ms",
            "open bills of customers all over, one at a time, in the process",
        );
        self.add("live bill, p99", at(99), "ms", "the same");
        Ok(())
    }

    async fn simulate(&mut self) -> Result<(), Failure> {
        let plan = stored::plan(&PLAN.replace("0.0125", "0.02")).map_err(unreadable)?;
        let candidate = Candidate { plan, instead_of: Some("bench".into()), month: self.month };
        let began = Instant::now();
        let mut offset = 0;
        while offset < self.customers {
            self.engine.simulate(&candidate, offset, AT_ONCE).await?;
            offset += AT_ONCE;
        }
        let seconds = began.elapsed().as_secs_f64();
        self.add(
            "simulation of the month",
            seconds,
            "s",
            "every customer under another price, beside what it owes",
        );
        Ok(())
    }

    /// Measures a load alone; gives another that goes on.
    async fn ingest_alone(&mut self) -> Result<Load, Failure> {
        let load = Load::start(&self.engine, self.now);
        tokio::time::sleep(ALONE).await;
        let rate = load.stop().await?;
        self.add(
            "ingest alone",
            rate,
            "events/s",
            "batches of 1,000 from four senders, in the process, of usage that is on no bill",
        );
        Ok(Load::start(&self.engine, self.now))
    }

    /// Finalizes everyone; the totals.
    async fn finalize(&mut self) -> Result<Vec<String>, Failure> {
        let ids: usage_engine::billing::Ids = Arc::new(new_id);
        let bar = progress::count("bills", usize::try_from(self.customers).unwrap_or(usize::MAX));
        let (began, mut totals, mut offset) = (Instant::now(), Vec::new(), 0);
        while offset < self.customers {
            let options = RunOptions { month: self.month, offset, limit: AT_ONCE, force: false };
            let page = self.engine.bill_run(options, self.now, &ids).await?;
            if let Some(failure) = page.failed.first() {
                return Err(Failure::verification(format!(
                    "customer {}: {}",
                    failure.customer, failure.reason
                )));
            }
            totals.extend(page.finalized.into_iter().map(|bill| bill.total));
            bar.inc(page.customers);
            offset += AT_ONCE;
        }
        bar.finish_and_clear();
        let seconds = began.elapsed().as_secs_f64();
        let each = seconds * 1e6 / self.customers as f64;
        self.add("bill run", seconds, "s", "all customers, finalized and on disk");
        self.add("bill run, a bill", each, "µs", "the same, for each customer");
        Ok(totals)
    }

    async fn prove(&mut self) -> Result<(), Failure> {
        let began = Instant::now();
        for number in 1..=PROVEN.min(self.customers) {
            let proof = self.engine.verify_bill(&format!("INV-{number:06}")).await?;
            if !proof.agrees {
                return Err(Failure::verification(proof.differences.join("; ")));
            }
        }
        let each = milliseconds(began.elapsed()) / PROVEN.min(self.customers) as f64;
        self.add("proof of a bill", each, "ms", "made again from the log and what was agreed");
        Ok(())
    }
}

fn subject(number: u64) -> String {
    format!("c{number:06}")
}

fn new_id() -> ulid::Ulid {
    let milliseconds = u64::try_from(present::now().nanos() / 1_000_000).unwrap_or(0);
    ulid::Ulid::from_parts(milliseconds, present::random())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn unreadable(error: impl std::fmt::Display) -> Failure {
    Failure::operation(error.to_string())
}

fn text(report: &Report) -> String {
    let mut table =
        Table::new(&[("Figure", false), ("Value", true), ("Unit", false), ("How it is got", false)]);
    for figure in &report.figures {
        let value = format!("{:.3}", figure.value);
        table.row(vec![figure.name.into(), value, figure.unit.into(), figure.method.into()]);
    }
    let unoptimized =
        if report.optimized { "" } else { "\nThis build is not optimized: its figures say nothing." };
    format!(
        "{} customers, {} events, three meters and a fee each\n\n{table}\n\n{} bills come to {}, as they should; {} were made again from the log and agree.{unoptimized}",
        report.customers, report.events, report.bills, report.total, report.proven
    )
}
