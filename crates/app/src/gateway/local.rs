//! The data of a folder that this process owns.

use super::Gateway;
use crate::args::Args;
use crate::database::{Database, runtime};
use crate::failure::Failure;
use crate::present;
use futures_util::future::try_join_all;
use tokio::runtime::Runtime;
use usage_api::bill::Bill;
use usage_api::catalog::{self, Applied};
use usage_api::customer::{Customer, CustomerInput, CustomerPage};
use usage_api::event::log::{EventLogPage, LoggedEvent};
use usage_api::event::{IngestReport, IngestedEvent};
use usage_api::meter::asked::Asked;
use usage_api::meter::query::{MeterQueryRequest, MeterQueryResult};
use usage_api::meter::{Meter, MeterInput};
use usage_api::store::{RebuildReport, Unpaid, VerifyReport};
use usage_domain::customer::{CustomerDraft, CustomerId, CustomerRef};
use usage_domain::event::UsageEvent;
use usage_domain::meter::{MeterDraft, MeterId};
use usage_domain::position::Position;
use usage_domain::time::{Month, Period, Timestamp};
use usage_engine::{Engine, EngineError};
use usage_store::{Condition, EventFilter, Handling, TextField, TextTest};

/// Events of a page of the log.
const LOG_PAGE: usize = 10_000;

pub(super) struct Local {
    pub(super) engine: Engine,
    pub(super) runtime: Runtime,
    /// Customers that are made at a time.
    at_once: usize,
}

impl Local {
    /// Opens the data.
    pub(super) fn open(args: &Args) -> Result<Local, Failure> {
        let runtime = runtime()?;
        let owner = format!("process {}", std::process::id());
        let engine = Engine::new(runtime.block_on(args.database.open(args, &owner))?);
        // The customers of a file get their numbers in its order. A folder takes them in the order that
        // they are asked for, and makes those that wait together; of connections one may overtake another.
        let at_once = match args.database {
            Database::Folder(_) => 1000,
            Database::Postgres(_) => 1,
        };
        Ok(Local { engine, runtime, at_once })
    }
}

fn draft(input: CustomerInput) -> Result<CustomerDraft, Failure> {
    CustomerDraft::try_from(input).map_err(|error| Failure::operation(error.to_string()))
}

fn new_id() -> CustomerId {
    CustomerId(new_ulid())
}

pub(super) fn new_ulid() -> ulid::Ulid {
    let milliseconds = u64::try_from(present::now().nanos() / 1_000_000).unwrap_or(0);
    ulid::Ulid::from_parts(milliseconds, present::random())
}

impl Gateway for Local {
    fn bill(&self, customer: &str, month: Option<&str>) -> Result<Bill, Failure> {
        let name: CustomerRef = customer.parse()?;
        let month = month.map(|text| text.parse::<Month>()).transpose()?;
        Ok(self.runtime.block_on(self.engine.bill(&name, month, present::now()))?)
    }

    fn customers(&self, page: u64, page_size: u64) -> Result<CustomerPage, Failure> {
        let offset = page.saturating_sub(1).saturating_mul(page_size);
        let (customers, total_count) = self.runtime.block_on(self.engine.customers(offset, page_size))?;
        Ok(CustomerPage {
            items: customers.iter().map(Customer::from).collect(),
            page,
            page_size,
            total_count,
        })
    }

    fn customer(&self, name: &str) -> Result<Option<Customer>, Failure> {
        let name: CustomerRef = name.parse()?;
        match self.runtime.block_on(self.engine.customer(&name)) {
            Ok(customer) => Ok(Some(Customer::from(&customer))),
            Err(EngineError::NoCustomer(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn create_customers(&self, customers: Vec<CustomerInput>) -> Result<(), Failure> {
        let drafts = customers.into_iter().map(draft).collect::<Result<Vec<_>, _>>()?;
        self.runtime.block_on(async {
            // Together, so that they share the catalog's commits; a part at a time, within its queue; in
            // one task, which asks for them in their order, as several threads would not.
            for part in drafts.chunks(self.at_once) {
                let create = |draft: &CustomerDraft| {
                    self.engine.create_customer(new_id(), draft.clone(), present::now())
                };
                try_join_all(part.iter().map(create)).await?;
            }
            Ok(())
        })
    }

    fn update_customer(&self, name: &str, customer: CustomerInput) -> Result<(), Failure> {
        let name: CustomerRef = name.parse()?;
        self.runtime.block_on(self.engine.update_customer(&name, draft(customer)?, present::now()))?;
        Ok(())
    }

    fn ingest(&self, events: Vec<UsageEvent>) -> Result<IngestReport, Failure> {
        let verdicts =
            self.runtime.block_on(self.engine.ingest(events, present::now(), Handling::Lenient))?;
        Ok(IngestReport::new(verdicts))
    }

    fn post_month(&self, customer: u64, month: Month) -> Result<(), Failure> {
        self.runtime.block_on(async {
            let customer = self.engine.customer(&CustomerRef::Number(customer)).await?;
            self.engine.post_month(&customer, month, present::now()).await?;
            Ok(())
        })
    }

    fn event_log(&self, query: &[(&str, &str)]) -> Result<EventLogPage, Failure> {
        let value = |name: &str| query.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        let time = |name: &str, default: Timestamp| value(name).map_or(Ok(default), str::parse);
        let position = |name: &str| {
            let position = value(name).map(str::parse::<Position>).transpose();
            position.map_err(|error| Failure::operation(format!("{name}: {error}")))
        };
        let texts =
            [(TextField::Type, "type"), (TextField::Subject, "subject"), (TextField::Source, "source")];
        let test = |name| Some(TextTest::OneOf(vec![value(name)?.to_string()]));
        let conditions =
            texts.into_iter().filter_map(|(field, name)| Some(Condition::Text(field, test(name)?)));
        let filter = EventFilter {
            period: Period { start: time("from", Timestamp::MIN)?, end: time("to", Timestamp::MAX)? },
            condition: Some(Condition::All(conditions.collect())),
            ..EventFilter::newest(LOG_PAGE)
        };
        let after = position("after")?.unwrap_or_default();
        let read = self.engine.log(after, position("until")?, filter);
        let (page, until) = self.runtime.block_on(read)?;
        let events = page.events.into_iter().map(LoggedEvent::new).collect::<Result<_, _>>();
        Ok(EventLogPage {
            events: events.map_err(|error| Failure::operation(error.to_string()))?,
            next: page.more.then(|| page.next.to_string()),
            until: until.to_string(),
        })
    }

    fn events(&self, query: &[(&str, &str)]) -> Result<String, Failure> {
        let value = |name: &str| query.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        let time = |name: &str, default: Timestamp| value(name).map_or(Ok(default), str::parse);
        let limit = value("limit").and_then(|text| text.parse().ok()).unwrap_or(100);
        let filter = EventFilter {
            period: Period { start: time("from", Timestamp::MIN)?, end: time("to", Timestamp::MAX)? },
            subject: value("subject").map(str::to_string),
            ..EventFilter::newest(limit)
        };
        let customer = value("customerId").map(str::parse::<CustomerRef>).transpose()?;
        let events = self.runtime.block_on(self.engine.events(filter, customer.as_ref()))?;
        let events: Vec<_> = events
            .into_iter()
            .map(|e| {
                IngestedEvent::new(
                    e.stored,
                    e.customer.map(|id| id.to_string()),
                    e.validation_errors.into_iter().next(),
                )
            })
            .collect();
        serde_json::to_string(&events).map_err(|error| Failure::operation(error.to_string()))
    }

    fn meters(&self) -> Result<Vec<Meter>, Failure> {
        Ok(self.runtime.block_on(self.engine.meters())?.iter().map(Meter::from).collect())
    }

    fn create_meter(&self, meter: MeterInput) -> Result<Meter, Failure> {
        let draft = MeterDraft::try_from(meter).map_err(EngineError::from)?;
        let made = self.engine.create_meter(MeterId(new_ulid()), draft, present::now());
        Ok(Meter::from(&self.runtime.block_on(made)?))
    }

    fn delete_meter(&self, name: &str) -> Result<(), Failure> {
        self.runtime.block_on(async {
            let meter = self.engine.meter(name).await?;
            Ok(self.engine.delete_meter(meter.id).await?)
        })
    }

    fn query_meter(&self, name: &str, question: &MeterQueryRequest) -> Result<MeterQueryResult, Failure> {
        self.runtime.block_on(async {
            let meter = self.engine.meter(name).await?;
            let asked = Asked::v1(&meter, question, present::now()).map_err(EngineError::from)?;
            let answer = self.engine.ask(&meter, asked.question.clone()).await?;
            let window = question.window_size.as_deref();
            Ok(asked.result(window, &answer.usage.rows, answer.customers.as_deref()))
        })
    }

    fn catalog(&self) -> Result<String, Failure> {
        Ok(catalog::text(&self.runtime.block_on(self.engine.catalog())?))
    }

    fn apply_catalog(&self, catalog: &str, dry_run: bool) -> Result<Applied, Failure> {
        let wanted = catalog::read(catalog).map_err(|errors| {
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            Failure::operation(errors.join("; "))
        })?;
        let mut new_id = new_ulid;
        let applied = self.engine.apply(&wanted, dry_run, present::now(), &mut new_id);
        Ok(self.runtime.block_on(applied)?)
    }

    fn unpaid(&self) -> Result<Unpaid, Failure> {
        // A warning names the first alone.
        Ok(self.runtime.block_on(self.engine.unpaid(1))?.into())
    }

    fn verify(&self) -> Result<VerifyReport, Failure> {
        Ok(VerifyReport::from(self.runtime.block_on(self.engine.verify())?))
    }

    fn rebuild(&self) -> Result<RebuildReport, Failure> {
        Ok(RebuildReport::from(self.runtime.block_on(self.engine.rebuild())?))
    }

    fn close(&self) -> Result<(), Failure> {
        Ok(self.runtime.block_on(self.engine.close())?)
    }
}
