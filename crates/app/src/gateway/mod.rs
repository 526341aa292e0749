//! How commands reach the data: through the service that runs on the folder, or by opening the
//! folder themselves; on a PostgreSQL database as one more node. All give the same answers in the same
//! wire types.

mod billing;
mod local;
mod remote;

use crate::args::Args;
use crate::database::Database;
use crate::failure::Failure;
use local::Local;
use remote::Remote;
use usage_api::bill::Bill;
use usage_api::catalog::Applied;
use usage_api::customer::{Customer, CustomerInput, CustomerPage};
use usage_api::event::IngestReport;
use usage_api::event::log::EventLogPage;
use usage_api::meter::query::{MeterQueryRequest, MeterQueryResult};
use usage_api::meter::{Meter, MeterInput};
use usage_api::store::{RebuildReport, Unpaid, VerifyReport};
use usage_domain::event::UsageEvent;
use usage_domain::time::Month;
use usage_store::embedded;

/// What commands ask for.
pub(crate) trait Gateway: billing::Billing {
    fn bill(&self, customer: &str, month: Option<&str>) -> Result<Bill, Failure>;
    fn customers(&self, page: u64, page_size: u64) -> Result<CustomerPage, Failure>;
    fn customer(&self, name: &str) -> Result<Option<Customer>, Failure>;
    /// Makes customers; all of them are tried, the first error is given.
    fn create_customers(&self, customers: Vec<CustomerInput>) -> Result<(), Failure>;
    fn update_customer(&self, name: &str, customer: CustomerInput) -> Result<(), Failure>;
    /// Stores valid events.
    fn ingest(&self, events: Vec<UsageEvent>) -> Result<IngestReport, Failure>;
    /// Posts a customer's usage of a month.
    fn post_month(&self, customer: u64, month: Month) -> Result<(), Failure>;
    /// A page of the log, of what `query` asks of `GET /api/v1/events/log`.
    fn event_log(&self, query: &[(&str, &str)]) -> Result<EventLogPage, Failure>;
    /// Stored events as JSON.
    fn events(&self, query: &[(&str, &str)]) -> Result<String, Failure>;
    /// All meters.
    fn meters(&self) -> Result<Vec<Meter>, Failure>;
    fn create_meter(&self, meter: MeterInput) -> Result<Meter, Failure>;
    fn delete_meter(&self, name: &str) -> Result<(), Failure>;
    /// A meter's usage.
    fn query_meter(&self, name: &str, question: &MeterQueryRequest) -> Result<MeterQueryResult, Failure>;
    /// Everything that was set up, as the JSON of a catalog.
    fn catalog(&self) -> Result<String, Failure>;
    /// Makes what is there as the JSON of a catalog says, or only says what there is to do.
    fn apply_catalog(&self, catalog: &str, dry_run: bool) -> Result<Applied, Failure>;
    fn unpaid(&self) -> Result<Unpaid, Failure>;
    fn verify(&self) -> Result<VerifyReport, Failure>;
    fn rebuild(&self) -> Result<RebuildReport, Failure>;
    /// Writes what is only in memory, where this process owns the folder.
    fn close(&self) -> Result<(), Failure>;
}

/// What missing data means to a command.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is made.
    Create,
    /// It is an error: there is nothing to show.
    Refuse,
}

/// The way to the data that the arguments name.
pub(crate) fn open(args: &Args, missing: Missing) -> Result<Box<dyn Gateway>, Failure> {
    if let Database::Folder(path) = &args.database
        && let Some(owner) = embedded::owner(path)
        && let Some(at) = owner.find("http://")
    {
        return Ok(Box::new(Remote::new(&owner[at..])?));
    }
    if missing == Missing::Refuse && !args.database.exists()? {
        let what = format!("there is no usage data in {}", args.database);
        return Err(Failure::folder(what).next(
            "'usage_app demo' makes it with sample data, 'usage_app migrate' without; --database names another folder.",
        ));
    }
    Ok(Box::new(Local::open(args)?))
}
