//! The month's run: every customer's bill of a month, finalized.
//!
//! It goes on where it was interrupted, and running it again changes nothing: who is billed already is left
//! alone. Bills are written some hundred at a time; a customer whose records change meanwhile is tried again
//! by itself.

use super::finalize::{FinalizeOptions, Prepared, check_over, check_over_somewhere, prepared};
use super::records::Catalog;
use crate::{Engine, EngineError};
use std::sync::Arc;
use usage_api::bill::{BillRunPage, Finalized, RunBill, RunFailure, UnpricedCustomer};
use usage_domain::customer::{Customer, CustomerRef};
use usage_domain::time::{Month, Timestamp};
use usage_store::StoreError;

/// Customers whose bills are written together.
const TOGETHER: usize = 200;
/// Customers that a page names because something that they used has no price.
const UNPRICED: usize = 20;
/// Tasks that make bills at the same time.
pub(crate) const TASKS: usize = 4;

/// Makes ids that nobody has.
pub type Ids = Arc<dyn Fn() -> ulid::Ulid + Send + Sync>;

/// What part of a run to do.
#[derive(Debug, Clone, Copy)]
pub struct RunOptions {
    /// The month.
    pub month: Month,
    /// After so many customers, by number.
    pub offset: u64,
    /// At most so many customers.
    pub limit: u64,
    /// Whether a month that is not over, or whose grace period is not, is finalized all the same.
    pub force: bool,
}

/// What a customer's turn came to.
enum Turn {
    Ready(Customer, Box<Prepared>),
    Already,
    Nothing,
    Failed(RunFailure),
}

impl Engine {
    /// Finalizes the bills of a month of a page of customers.
    ///
    /// # Errors
    /// A month that is not over for anybody; when the store does not answer: what was finalized until then stays.
    pub async fn bill_run(
        &self,
        options: RunOptions,
        now: Timestamp,
        ids: &Ids,
    ) -> Result<BillRunPage, EngineError> {
        let catalog = Arc::new(self.shared_catalog().await?);
        let (customers, of) = self.store.customers(options.offset, options.limit).await?;
        let force = FinalizeOptions { force: options.force };
        check_over_somewhere(options.month, &customers, &catalog, force, now)?;
        let (looked_at, total_customers) = (customers.len() as u64, of);
        let mut page = BillRunPage { customers: looked_at, total_customers, ..BillRunPage::default() };
        let mut made = Vec::new();
        for chunk in customers.chunks(TOGETHER) {
            // The bills made before are written while these are made.
            let turns = self.turns(chunk, options, &catalog, now, ids);
            let written = self.commit_all(made, options, &catalog, now, ids, &mut page);
            let (turns, written) = tokio::join!(turns, written);
            written?;
            made = ready(turns?, &mut page);
        }
        self.commit_all(made, options, &catalog, now, ids, &mut page).await?;
        Ok(page)
    }

    /// Makes the bills of some customers, several at a time; in their order.
    async fn turns(
        &self,
        customers: &[Customer],
        options: RunOptions,
        catalog: &Arc<Catalog>,
        now: Timestamp,
        ids: &Ids,
    ) -> Result<Vec<(Turn, Option<UnpricedCustomer>)>, EngineError> {
        let mut tasks = Vec::with_capacity(TASKS);
        for part in customers.chunks(customers.len().div_ceil(TASKS).max(1)) {
            let (engine, catalog, ids, part) = (self.clone(), catalog.clone(), ids.clone(), part.to_vec());
            tasks.push(tokio::spawn(async move {
                let mut turns = Vec::with_capacity(part.len());
                for customer in part {
                    turns.push(engine.turn(customer, options, &catalog, now, &ids).await);
                    // Nothing of a turn may have waited: requests of others have theirs.
                    tokio::task::yield_now().await;
                }
                turns
            }));
        }
        let mut turns = Vec::with_capacity(customers.len());
        for task in tasks {
            // A task that panicked found a broken invariant: nothing of it is written.
            turns.extend(task.await.map_err(|_| EngineError::Store(StoreError::Closed))?);
        }
        Ok(turns)
    }

    async fn turn(
        &self,
        customer: Customer,
        options: RunOptions,
        catalog: &Catalog,
        now: Timestamp,
        ids: &Ids,
    ) -> (Turn, Option<UnpricedCustomer>) {
        let made = async {
            check_over(&customer, options.month, catalog, FinalizeOptions { force: options.force }, now)?;
            let rated = self.unbilled(&customer, options.month, catalog).await?;
            let unpriced = self.unpriced(&rated.agreed, catalog).await?;
            Ok((prepared(rated, now, ids.as_ref())?, unpriced))
        };
        let number = customer.number;
        match made.await {
            Ok((Some(prepared), unpriced)) => (Turn::Ready(customer, Box::new(prepared)), unpriced),
            Ok((None, unpriced)) => (Turn::Nothing, unpriced),
            Err(EngineError::AlreadyFinalized { .. }) => (Turn::Already, None),
            Err(error) => (Turn::Failed(RunFailure { customer: number, reason: error.to_string() }), None),
        }
    }

    async fn commit_all(
        &self,
        ready: Vec<(Customer, Box<Prepared>)>,
        options: RunOptions,
        catalog: &Catalog,
        now: Timestamp,
        ids: &Ids,
        page: &mut BillRunPage,
    ) -> Result<(), EngineError> {
        if ready.is_empty() {
            return Ok(());
        }
        let (customers, prepared): (Vec<Customer>, Vec<Prepared>) =
            ready.into_iter().map(|(customer, prepared)| (customer, *prepared)).unzip();
        match self.commit(prepared, catalog, now).await {
            Ok(finalized) => {
                for (customer, done) in customers.iter().zip(finalized) {
                    page.finalized.push(run_bill(customer, done));
                }
                Ok(())
            }
            Err(EngineError::Store(StoreError::Stale { .. })) => {
                for customer in customers {
                    self.alone(&customer, options, now, ids, page).await?;
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// A customer by itself: something of a group changed while it was made.
    async fn alone(
        &self,
        customer: &Customer,
        options: RunOptions,
        now: Timestamp,
        ids: &Ids,
        page: &mut BillRunPage,
    ) -> Result<(), EngineError> {
        let name = CustomerRef::Id(customer.id);
        let force = FinalizeOptions { force: options.force };
        match self.finalize(&name, options.month, force, now, ids.as_ref()).await {
            Ok(done) => page.finalized.push(run_bill(customer, done)),
            Err(EngineError::AlreadyFinalized { .. }) => page.already_finalized += 1,
            Err(EngineError::NothingToBill { .. }) => page.nothing_to_bill += 1,
            Err(EngineError::Store(error)) => return Err(error.into()),
            Err(error) => {
                page.failed.push(RunFailure { customer: customer.number, reason: error.to_string() });
            }
        }
        Ok(())
    }
}

/// The bills that are ready to be written; the other turns are noted.
fn ready(
    turns: Vec<(Turn, Option<UnpricedCustomer>)>,
    page: &mut BillRunPage,
) -> Vec<(Customer, Box<Prepared>)> {
    let mut ready = Vec::with_capacity(turns.len());
    for (turn, unpriced) in turns {
        if let Some(unpriced) = unpriced {
            page.unpriced_customers += 1;
            if page.unpriced.len() < UNPRICED {
                page.unpriced.push(unpriced);
            }
        }
        match turn {
            Turn::Ready(customer, prepared) => ready.push((customer, prepared)),
            Turn::Already => page.already_finalized += 1,
            Turn::Nothing => page.nothing_to_bill += 1,
            Turn::Failed(failure) => page.failed.push(failure),
        }
    }
    ready
}

fn run_bill(customer: &Customer, done: Finalized) -> RunBill {
    let Finalized { bill, .. } = done;
    let (number, total) = (bill.number.unwrap_or_default(), bill.total);
    RunBill { customer: customer.number, number, total, currency: bill.currency }
}
