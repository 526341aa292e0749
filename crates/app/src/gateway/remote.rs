//! The data of a folder that a running service owns.

use super::Gateway;
use crate::failure::Failure;
use usage_api::bill::Bill;
use usage_api::catalog::Applied;
use usage_api::customer::{Customer, CustomerInput, CustomerPage};
use usage_api::event::log::EventLogPage;
use usage_api::event::{CloudEvent, IngestReport};
use usage_api::meter::query::{MeterQueryRequest, MeterQueryResult};
use usage_api::meter::{Meter, MeterInput};
use usage_api::store::{RebuildReport, Unpaid, VerifyReport};
use usage_client::{ClientError, Event, UsageAPIClient};
use usage_domain::event::UsageEvent;
use usage_domain::time::Month;

pub(super) struct Remote {
    pub(super) client: UsageAPIClient,
}

impl Remote {
    pub(super) fn new(address: &str) -> Result<Remote, Failure> {
        Ok(Remote { client: UsageAPIClient::new(address.trim())? })
    }
}

impl Gateway for Remote {
    fn bill(&self, customer: &str, month: Option<&str>) -> Result<Bill, Failure> {
        Ok(self.client.bill(customer, month)?)
    }

    fn customers(&self, page: u64, page_size: u64) -> Result<CustomerPage, Failure> {
        Ok(self.client.customers(page, page_size)?)
    }

    fn customer(&self, name: &str) -> Result<Option<Customer>, Failure> {
        match self.client.customer(name) {
            Ok(customer) => Ok(Some(customer)),
            Err(ClientError::Api(error)) if error.status == 404 => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn create_customers(&self, customers: Vec<CustomerInput>) -> Result<(), Failure> {
        for customer in customers {
            self.client.create_customer(&customer)?;
        }
        Ok(())
    }

    fn update_customer(&self, name: &str, customer: CustomerInput) -> Result<(), Failure> {
        self.client.update_customer(name, &customer)?;
        Ok(())
    }

    fn ingest(&self, events: Vec<UsageEvent>) -> Result<IngestReport, Failure> {
        let wire = |event: &UsageEvent| CloudEvent::new(event).map(Event::from);
        let events = events.iter().map(wire).collect::<Result<Vec<_>, _>>();
        let events = events.map_err(|error| Failure::operation(error.to_string()))?;
        self.client.ingest(events).map_err(|error| {
            let stored = error.report.accepted + error.report.duplicate;
            Failure::from(error.error)
                .next(format!("{stored} events of this part were stored; run it again, none counts twice."))
        })
    }

    fn post_month(&self, customer: u64, month: Month) -> Result<(), Failure> {
        self.client.post_month(customer, &month.to_string())?;
        Ok(())
    }

    fn event_log(&self, query: &[(&str, &str)]) -> Result<EventLogPage, Failure> {
        Ok(self.client.event_log(query)?)
    }

    fn events(&self, query: &[(&str, &str)]) -> Result<String, Failure> {
        Ok(self.client.events(query)?)
    }

    fn meters(&self) -> Result<Vec<Meter>, Failure> {
        Ok(self.client.meters()?)
    }

    fn create_meter(&self, meter: MeterInput) -> Result<Meter, Failure> {
        Ok(self.client.create_meter(&meter)?)
    }

    fn delete_meter(&self, name: &str) -> Result<(), Failure> {
        Ok(self.client.delete_meter(name)?)
    }

    fn query_meter(&self, name: &str, question: &MeterQueryRequest) -> Result<MeterQueryResult, Failure> {
        Ok(self.client.query_meter(name, question)?)
    }

    fn catalog(&self) -> Result<String, Failure> {
        Ok(self.client.catalog_json()?)
    }

    fn apply_catalog(&self, catalog: &str, dry_run: bool) -> Result<Applied, Failure> {
        Ok(self.client.apply_catalog_json(catalog, dry_run)?)
    }

    fn unpaid(&self) -> Result<Unpaid, Failure> {
        Ok(self.client.unpaid()?)
    }

    fn verify(&self) -> Result<VerifyReport, Failure> {
        Ok(self.client.verify()?)
    }

    fn rebuild(&self) -> Result<RebuildReport, Failure> {
        Ok(self.client.rebuild()?)
    }

    fn close(&self) -> Result<(), Failure> {
        Ok(())
    }
}
