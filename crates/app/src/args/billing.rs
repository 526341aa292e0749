//! The arguments of the commands about bills and what is agreed with customers.

use clap::Args as Arguments;

#[derive(Arguments)]
#[command(after_help = "Examples:
  usage_app finalize acme --month 2026-10
  usage_app finalize acme --month 2026-11 --force    before the month is over, for a customer that leaves")]
pub(crate) struct Finalize {
    /// The customer's key, number or id.
    #[arg(value_name = "CUSTOMER")]
    pub(crate) customer: String,

    /// The month, such as 2026-10.
    #[arg(long, value_name = "YYYY-MM")]
    pub(crate) month: String,

    /// Also where the month is not over, or its days of grace are not: usage that comes later is on the next bill.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Arguments)]
#[command(after_help = "Examples:
  usage_app bill-run --month 2026-10           on the first of November, or after the days of grace
  usage_app bill-run --month 2026-10 --json    every bill of the run with its number and total, for programs

Exit codes: 0 where every customer that has something to be billed has a bill now; 1 where some could not be
billed, which are listed; the others have their bills.")]
pub(crate) struct BillRun {
    /// The month, such as 2026-10.
    #[arg(long, value_name = "YYYY-MM")]
    pub(crate) month: String,

    /// Also where the month is not over, or its days of grace are not.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Arguments)]
pub(crate) struct BillName {
    /// The bill's number, such as INV-000001, or its id.
    #[arg(value_name = "NUMBER")]
    pub(crate) bill: String,
}

#[derive(Arguments)]
#[command(after_help = "Examples:
  usage_app explain acme Tokens                       of this month, as it is now
  usage_app explain acme Tokens --month 2026-09       of a month that is finalized: as it was then
  usage_app explain acme charges/GPU --events 1000    a line by its key, with more of its events")]
pub(crate) struct Explain {
    /// The customer's key, number or id.
    #[arg(value_name = "CUSTOMER")]
    pub(crate) customer: String,

    /// The line: what 'usage_app bill' calls it, or its key.
    #[arg(value_name = "LINE")]
    pub(crate) line: String,

    /// The month, such as 2026-10. [default: the current month in the customer's zone]
    #[arg(long, value_name = "YYYY-MM")]
    pub(crate) month: Option<String>,

    /// At most so many events, the oldest.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(0..=10_000))]
    pub(crate) events: u16,
}

#[derive(Arguments)]
#[command(after_help = "Examples:
  usage_app simulate --plan new.yaml --instead-of pro --month 2026-10    who on 'pro' would pay more, or less?
  usage_app simulate --plan team --month 2026-10                         what if everyone were on 'team'?
  usage_app simulate --plan new.yaml --month 2026-10 --customer acme     what would Acme pay?

A file holds one plan, as a catalog has it under 'plans' (YAML or JSON).")]
pub(crate) struct Simulate {
    /// The plan that is tried: a file, or the key of one that there is. Its last version is tried.
    #[arg(long, value_name = "FILE|KEY")]
    pub(crate) plan: String,

    /// The month whose usage it is tried on, such as 2026-10.
    #[arg(long, value_name = "YYYY-MM")]
    pub(crate) month: String,

    /// Only customers on the plan of this key, who would be on the other one instead.
    /// [default: all customers, who would be on nothing else]
    #[arg(long, value_name = "KEY")]
    pub(crate) instead_of: Option<String>,

    /// Only this customer.
    #[arg(long, value_name = "CUSTOMER")]
    pub(crate) customer: Option<String>,
}

#[derive(Arguments)]
pub(crate) struct OfCustomer {
    /// The customer's key, number or id.
    #[arg(value_name = "CUSTOMER")]
    pub(crate) customer: String,
}
