//! The command line.

mod bench;
mod billing;
mod catalog;
mod meters;
mod postgres;

pub(crate) use bench::{Bench, BenchBills, Ids, Times};
pub(crate) use billing::{BillName, BillRun, Explain, Finalize, OfCustomer, Simulate};
pub(crate) use catalog::{Apply, ExportCatalog};

use crate::database::Database;
use crate::failure::EXIT_CODES;
use clap::ValueEnum;
use clap::{Args as Arguments, CommandFactory, Parser, Subcommand};
pub(crate) use meters::{CreateMeter, Meters, MetersCommand, QueryMeter};
use std::path::PathBuf;
use tracing_subscriber::filter::LevelFilter;
use usage_domain::time::Month;

/// Tracks what customers use of a cloud service and turns it into bills.
///
/// All data is in one folder, or in one PostgreSQL database. While a service is running on a folder, the
/// other commands ask the service; otherwise they open the folder themselves. Any number of services and
/// commands work on a PostgreSQL database at a time.
#[derive(Parser)]
#[command(name = "usage_app", version, after_help = EXIT_CODES, arg_required_else_help = true)]
pub(crate) struct Args {
    /// The folder that holds the data, or the address of a PostgreSQL database, such as
    /// postgres://user@host/database. An address with a password is better given in the environment.
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        default_value = "usage-data",
        env = "USAGE_APP_DATABASE",
        hide_env_values = true
    )]
    pub(crate) database: Database,

    /// Print data and errors as JSON, for programs.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// What to log on standard error: off, error, warn, info, debug or trace.
    #[arg(long, global = true, value_name = "LEVEL", default_value = "warn", env = "USAGE_APP_LOG")]
    pub(crate) log: LevelFilter,

    /// Events after which a checkpoint of the totals is written.
    #[arg(long, global = true, hide = true, env = "USAGE_APP_CHECKPOINT_EVERY")]
    pub(crate) checkpoint_every: Option<u64>,

    /// Bytes after which the log goes on in a new file.
    #[arg(long, global = true, hide = true, env = "USAGE_APP_SEGMENT_BYTES")]
    pub(crate) segment_bytes: Option<u64>,

    #[command(flatten)]
    pub(crate) postgres: postgres::Postgres,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the service.
    #[command(alias = "runserver")]
    Serve(Serve),
    /// Load sample data where the folder or database is new, then run the service.
    Demo(Serve),
    /// Create the folder or the tables of the database, or bring them up to this version.
    Migrate,
    /// Load customers and usage from Django fixtures (JSON).
    Loaddata(Loaddata),
    /// Import usage from other systems' files.
    Import(Import),
    /// Set up meters, taxes, coupons, plans and customers as a file says.
    ///
    /// What the file does not name is left alone: nothing is ever ended, and no subject taken from a customer,
    /// by leaving it out. What is wrong with the file, and what of it cannot be done, is named with its line,
    /// and then nothing is changed. Applying a file twice changes nothing.
    Apply(Apply),
    /// Write stored data to files.
    Export(Export),
    /// List the customers.
    Customers,
    /// Show what a customer owes for a month, and for what.
    Bill(Bill),
    /// Show how a line of a bill came about: step by step, with the events behind it.
    Explain(Explain),
    /// Finalize a customer's month: its bill gets a number and is never changed again.
    ///
    /// Usage of the month that comes later is a line of the next bill, or a credit note where the plan says so.
    Finalize(Finalize),
    /// Finalize a month of all customers.
    ///
    /// It goes on where it was interrupted, and running it again changes nothing: who has a bill is left alone.
    /// Before it starts it warns of usage that no customer pays for.
    BillRun(BillRun),
    /// Void a finalized bill that is not paid: its month is open again, and what credits paid comes back.
    Void(BillName),
    /// Say that a finalized bill was paid.
    Pay(BillName),
    /// Make a finalized bill again from the log and from what was agreed then, and compare.
    ///
    /// The exit code is 5 where the two differ.
    VerifyBill(BillName),
    /// Try a plan on a month's usage: who would have paid more or less, and why. Nothing is stored.
    Simulate(Simulate),
    /// List a customer's credits, and what is left of them.
    Credits(OfCustomer),
    /// List the plans that a customer is on, was on or will be on.
    Subscriptions(OfCustomer),
    /// List stored usage events, newest first.
    Events(Events),
    /// List the meters, make them, and ask them how much was used.
    Meters(Meters),
    /// Check every byte of the log, and compare the totals with a recount.
    Verify,
    /// Make the totals and the duplicate index anew from the log.
    Rebuild,
    /// Copy everything to a new folder, also while the service is running. Not for PostgreSQL, which has
    /// tools of its own.
    Backup(Backup),
    /// Move everything from a folder to a PostgreSQL database, or back.
    ///
    /// The log, customers, who pays for which subject, meters, subjects and postings; then both are
    /// compared: every event, every row, every total and bill. The first stays as it is. Stop the services on
    /// it before. A move that was broken off goes on where it stopped when the command is run again; until it
    /// is whole, nothing else opens what is being filled.
    MigrateStore(MigrateStore),
    /// Load a service with events and measure what that takes.
    ///
    /// The service is a fresh one in a temporary folder beside the --database, which goes afterwards, or
    /// that of --url. The load generator takes its share of the same machine. After the load, what each
    /// meter counted is compared with what was sent, to the last digit.
    Bench(Bench),
    /// Measure what bills cost: a made-up month of many customers, finalized, simulated and proven.
    ///
    /// The data is in a temporary folder beside the --database, which goes afterwards. What the bills come
    /// to is compared with what was used, to the last digit.
    BenchBills(BenchBills),
    /// Print the OpenAPI document.
    #[command(hide = true)]
    Openapi,
    /// Print this help as Markdown.
    #[command(hide = true)]
    HelpMarkdown,
}

#[derive(Arguments)]
pub(crate) struct Serve {
    /// Where to listen: an address and a port, 0 for any free one. `localhost` is 127.0.0.1 and ::1.
    #[arg(long, value_name = "ADDR", default_value = "localhost:8000", env = "USAGE_APP_LISTEN")]
    pub(crate) listen: String,

    /// Listen on an address that other machines reach. There is no protection: whoever reaches it
    /// reads and writes everything.
    #[arg(long)]
    pub(crate) insecure: bool,
}

#[derive(Arguments)]
pub(crate) struct Loaddata {
    /// Fixture files; customers may come in any of them.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Move every date into the current month, keeping its day.
    #[arg(long)]
    pub(crate) into_current_month: bool,
}

#[derive(Arguments)]
pub(crate) struct Import {
    #[command(subcommand)]
    pub(crate) format: ImportFormat,
}

#[derive(Subcommand)]
pub(crate) enum ImportFormat {
    /// A cloud's cost export in FOCUS 1.x form (CSV, gzip too).
    ///
    /// One event per row, whose amount is the row's BilledCost. Its id comes from the row's content,
    /// so that importing a file twice counts once. Customers are made as needed.
    Focus(ImportFocus),
    /// A CSV file of any columns (gzip too), as events of one type.
    ///
    /// One event per row. Columns become properties of its data: a cell that is a JSON number stays
    /// one, with its digits; any other is a text; empty ones and NULL are left out. Without an id
    /// column, ids come from the rows' content, so that importing a file twice counts once. No
    /// customers are made: a subject is a customer's once it is one of its subject keys.
    Csv(ImportCsv),
}

#[derive(Arguments)]
pub(crate) struct ImportCsv {
    /// The file; its first row has the names of the columns.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// The type of the events.
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) event_type: String,

    /// The column of the time: RFC 3339, also with a blank for the T and without a zone, or a date.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) time: String,

    /// The column that says whose usage a row is, or =NAME where all rows are NAME's.
    #[arg(long, value_name = "COLUMN|=NAME")]
    pub(crate) subject: String,

    /// The column of the id. [default: made from the row's content]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) id: Option<String>,

    /// Where the events come from; ids are unique under a source, so that the same row under another
    /// source counts again.
    #[arg(long, default_value = "csv")]
    pub(crate) source: String,

    /// The time zone of times that name none. Of a local time that comes twice, the first is meant.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub(crate) zone: String,

    /// The columns to keep, with commas between. [default: all but those of time, subject and id]
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub(crate) columns: Option<Vec<String>>,

    /// Columns that stay texts even where they look like numbers, with commas between.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub(crate) text: Vec<String>,

    /// Import the good rows and write the bad ones to FILE.bad.csv; otherwise one bad row refuses the
    /// whole file.
    #[arg(long, visible_alias = "lenient")]
    pub(crate) skip_bad_rows: bool,
}

#[derive(Arguments)]
pub(crate) struct ImportFocus {
    /// The export.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Columns whose values, joined by ':', are the customer's key.
    /// [default: ProviderName,SubAccountId]
    #[arg(long, value_name = "COLUMNS")]
    pub(crate) customer_by: Option<String>,

    /// The type of the events. Those of another type than usage.charge cost nothing by themselves: a meter
    /// of `$.amount` counts them, and a plan prices what it counts, such as with a markup.
    #[arg(long = "type", value_name = "TYPE", default_value = "usage.charge")]
    pub(crate) event_type: String,

    /// Take back what was imported before of the file's providers, billing accounts (sub-accounts where
    /// there is none) and billing periods, and is not in the file any more: it is re-issued as a whole.
    #[arg(long, conflicts_with = "skip_bad_rows")]
    pub(crate) replace: bool,

    /// Import the good rows and write the bad ones to FILE.bad.csv; otherwise one bad row refuses the
    /// whole file.
    #[arg(long)]
    pub(crate) skip_bad_rows: bool,
}

#[derive(Arguments)]
pub(crate) struct Export {
    #[command(subcommand)]
    pub(crate) what: ExportWhat,
}

#[derive(Subcommand)]
pub(crate) enum ExportWhat {
    /// All usage events, in the order of the log: taken in again in this order, they give the same bills.
    ///
    /// Events that arrive while the export runs are left out. Corrections (usage.void and usage.amend) are
    /// events of their own: with --type or --subject they come only where they match themselves.
    Events(ExportEvents),
    /// Everything that was set up: meters, taxes, coupons, plans, customers and what they are on, as one file
    /// (YAML; JSON with --json) that 'usage_app apply' takes.
    Catalog(ExportCatalog),
    /// The finalized bills of a month, of all customers, for spreadsheets and for tools that read FOCUS.
    Bills(ExportBills),
}

#[derive(Arguments)]
pub(crate) struct ExportEvents {
    /// How to write them.
    #[arg(long, value_enum, default_value_t = ExportFormat::Ndjson)]
    pub(crate) format: ExportFormat,

    /// Only events at or after this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,

    /// Only events before this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,

    /// Only events of this subject.
    #[arg(long)]
    pub(crate) subject: Option<String>,

    /// Only events of this type.
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) event_type: Option<String>,

    /// The file; it is there only once it is whole. [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// How exported events are written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// A CloudEvent per line, as POST /api/v1/events takes them (application/x-ndjson).
    Ndjson,
    /// One JSON array of CloudEvents.
    Json,
    /// A table: id, source, type, subject, time, data, attributes, ingested_at, stored_at.
    Csv,
}

#[derive(Arguments)]
pub(crate) struct Bill {
    /// The customer's key, number or id (`key:`, `number:` or `id:` in front remove doubt).
    #[arg(value_name = "CUSTOMER")]
    pub(crate) customer: String,

    /// The month, such as 2026-11. [default: the current month in the customer's zone]
    #[arg(long, value_name = "YYYY-MM")]
    pub(crate) month: Option<String>,

    /// Show what every line is made of, however long the bill gets.
    #[arg(long)]
    pub(crate) details: bool,

    /// The form of the bill; --json is the same as `--format json`.
    #[arg(long, value_enum, default_value_t = BillFormat::Text)]
    pub(crate) format: BillFormat,
}

/// The form of a bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BillFormat {
    /// Text for the terminal.
    Text,
    /// As the service answers it.
    Json,
    /// A page to read and to print.
    Html,
    /// A row per line.
    Csv,
    /// A FOCUS 1.2 dataset in CSV.
    Focus,
}

#[derive(Arguments)]
pub(crate) struct ExportBills {
    /// The month, such as 2026-10.
    #[arg(long, value_name = "YYYY-MM")]
    pub(crate) month: Month,

    /// How the bills are written.
    #[arg(long, value_enum, default_value_t = BillsFormat::Csv)]
    pub(crate) format: BillsFormat,

    /// The file. [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// The form of many bills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BillsFormat {
    /// A row per line of a bill.
    Csv,
    /// A FOCUS 1.2 dataset: what each invoice's rows come to is its total.
    Focus,
}

#[derive(Arguments)]
pub(crate) struct Events {
    /// Only events that this customer pays for.
    #[arg(long, value_name = "CUSTOMER")]
    pub(crate) customer: Option<String>,

    /// Only events whose subject contains this text.
    #[arg(long)]
    pub(crate) subject: Option<String>,

    /// Only events at or after this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,

    /// Only events before this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,

    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) limit: u8,
}

#[derive(Arguments)]
pub(crate) struct Backup {
    /// A new or empty folder.
    #[arg(value_name = "DIR")]
    pub(crate) target: PathBuf,
}

#[derive(Arguments)]
pub(crate) struct MigrateStore {
    /// The folder, or the address of the PostgreSQL database, that has the data.
    #[arg(value_name = "FROM")]
    pub(crate) from: Database,

    /// A folder that is not there yet, or the address of an empty PostgreSQL database.
    #[arg(value_name = "TO")]
    pub(crate) to: Database,
}

/// The help of all commands as one Markdown page.
pub(crate) fn markdown() -> String {
    let mut page =
        String::from("# The command line\n\nMade by `cargo xtask generate` from the program's own help.\n");
    let mut root = Args::command().term_width(100);
    root.build();
    section(&mut page, &mut root, "usage_app");
    page
}

fn section(page: &mut String, command: &mut clap::Command, name: &str) {
    let help = command.clone().bin_name(name).render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    page.push_str(&format!("\n## {name}\n\n```text\n{}\n```\n", help.join("\n").trim_end()));
    for sub in command.get_subcommands_mut() {
        if !sub.is_hide_set() && sub.get_name() != "help" {
            let name = format!("{name} {}", sub.get_name());
            section(page, sub, &name);
        }
    }
}
