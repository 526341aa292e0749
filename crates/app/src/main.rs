//! usage_app: the one executable. It reads the arguments, knows the clock, the randomness, the
//! folder and the address, and wires them together. No rule of billing lives here.
#![expect(clippy::disallowed_methods, reason = "this crate alone reads the clock and draws randomness")]

mod args;
mod catalog;
mod commands;
mod database;
mod failure;
mod gateway;
mod output;
mod present;

use args::{Args, Command};
use clap::Parser;
use std::process::ExitCode;

/// Events are made in one thread and freed in another, by the million.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = Args::parse();
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(args.log).with_target(false).init();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print(args.json);
            ExitCode::from(failure.code())
        }
    }
}

fn run(args: &Args) -> Result<(), failure::Failure> {
    match &args.command {
        Command::Serve(serve) => commands::serve::run(args, serve),
        Command::Demo(serve) => commands::demo::run(args, serve),
        Command::Migrate => commands::migrate::run(args),
        Command::MigrateStore(asked) => commands::migrate_store::run(args, asked),
        Command::Loaddata(load) => commands::loaddata::run(args, load),
        Command::Import(import) => commands::import::run(args, import),
        Command::Apply(apply) => commands::apply::run(args, apply),
        Command::Export(export) => commands::export::run(args, export),
        Command::Customers => commands::customers::run(args),
        Command::Bill(bill) => commands::bill::run(args, bill),
        Command::Explain(asked) => commands::explain::run(args, asked),
        Command::Finalize(asked) => commands::finalize::run(args, asked),
        Command::BillRun(asked) => commands::bill_run::run(args, asked),
        Command::Void(asked) => commands::bill_status::void(args, asked),
        Command::Pay(asked) => commands::bill_status::pay(args, asked),
        Command::VerifyBill(asked) => commands::verify_bill::run(args, asked),
        Command::Simulate(asked) => commands::simulate::run(args, asked),
        Command::Credits(asked) => commands::agreed::credits(args, asked),
        Command::Subscriptions(asked) => commands::agreed::subscriptions(args, asked),
        Command::Events(events) => commands::events::run(args, events),
        Command::Meters(meters) => commands::meters::run(args, meters),
        Command::Verify => commands::verify::run(args),
        Command::Rebuild => commands::rebuild::run(args),
        Command::Backup(backup) => commands::backup::run(args, backup),
        Command::Bench(bench) => commands::bench::run(args, bench),
        Command::BenchBills(bench) => commands::bench_bills::run(args, bench),
        Command::Openapi => output::write(&usage_server::document()),
        Command::HelpMarkdown => output::write(&args::markdown()),
    }
}
