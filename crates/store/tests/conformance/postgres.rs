//! PostgreSQL for the suite: a database for each test, and two nodes on it.
//!
//! Whatever a test asks of its store goes to the one node and the other in turn: every test is one of
//! many nodes.

use crate::support::Setup;
use async_trait::async_trait;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use tokio_postgres::{Client, NoTls};
use usage_domain::care::{RebuildReport, VerifyReport};
use usage_domain::customer::{Customer, CustomerDraft, CustomerId, CustomerRef, PaidSubject};
use usage_domain::event::{StoredEvent, UsageEvent};
use usage_domain::position::Position;
use usage_domain::posting::{PostOutcome, Posting};
use usage_domain::time::{Month, Period, Timestamp};
use usage_domain::usage::{UnpaidSubject, Usage};
use usage_domain::verdict::Verdict;
use usage_store::postgres::{Limits, PostgresStore};
use usage_store::{EventFilter, PostRequest, Store, StoreError};

/// Names the server to test with: a role on it that may make databases.
const SERVER: &str = "USAGE_TEST_POSTGRES";
/// Makes its absence a failure.
const REQUIRED: &str = "USAGE_REQUIRE_POSTGRES";

static MADE: AtomicU32 = AtomicU32::new(0);

/// A database of its own, gone when it is dropped.
pub(crate) struct Nodes {
    server: String,
    name: String,
}

impl Nodes {
    /// `None` where no server is named and none needs to be.
    pub(crate) async fn new() -> Option<Nodes> {
        let Ok(server) = std::env::var(SERVER) else {
            let text = format!("{SERVER} names no server: 'cargo xtask test' starts one");
            let required = std::env::var(REQUIRED).is_ok_and(|value| value == "1");
            assert!(!required, "{REQUIRED}=1, and {text}");
            // Past the capture of what tests print: nobody is to think that this was tested.
            let _ = writeln!(std::io::stderr(), "LEFT OUT: a test of PostgreSQL: {text}");
            return None;
        };
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("usage_test_{}_{number}", std::process::id());
        let nodes = Nodes { server, name };
        nodes.at_server(&format!("CREATE DATABASE {}", nodes.name)).await;
        Some(nodes)
    }

    /// The address of the database.
    pub(crate) fn address(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').expect("an address with a database at its end");
        format!("{server}/{}", self.name)
    }

    async fn at_server(&self, sql: &str) {
        connect(&self.server).await.batch_execute(sql).await.unwrap();
    }

    pub(crate) async fn node(&self) -> Result<PostgresStore, StoreError> {
        // Small figures, so that tests cross merges.
        let limits =
            Limits { connections: 6, wait: Duration::from_secs(30), merge_every: 7, ..Limits::default() };
        PostgresStore::open(&self.address(), [7; 16], limits).await
    }
}

/// A connection of the test's own.
pub(crate) async fn connect(address: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

impl Drop for Nodes {
    fn drop(&mut self) {
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        block_in_place(|| Handle::current().block_on(self.at_server(&sql)));
    }
}

impl Setup for Nodes {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(Pair { nodes: self.open_two(), calls: AtomicUsize::new(0) })
    }

    fn open_two(&self) -> [Arc<dyn Store>; 2] {
        // At once, so that both find the same database, new or not.
        let two = async { tokio::try_join!(self.node(), self.node()) };
        let (one, other) = block_in_place(|| Handle::current().block_on(two)).unwrap();
        [Arc::new(one), Arc::new(other)]
    }
}

/// Two nodes that are asked in turn.
struct Pair {
    nodes: [Arc<dyn Store>; 2],
    calls: AtomicUsize,
}

impl Pair {
    fn next(&self) -> &dyn Store {
        &*self.nodes[self.calls.fetch_add(1, Ordering::Relaxed) % 2]
    }
}

#[async_trait]
impl Store for Pair {
    async fn append(&self, events: Vec<UsageEvent>, received: Timestamp) -> Result<Vec<Verdict>, StoreError> {
        self.next().append(events, received).await
    }

    async fn position(&self) -> Result<Position, StoreError> {
        self.next().position().await
    }

    async fn events(&self, filter: EventFilter) -> Result<Vec<StoredEvent>, StoreError> {
        self.next().events(filter).await
    }

    async fn usage(&self, subjects: Vec<PaidSubject>, period: Period) -> Result<Usage, StoreError> {
        self.next().usage(subjects, period).await
    }

    async fn unpaid(&self) -> Result<Vec<UnpaidSubject>, StoreError> {
        self.next().unpaid().await
    }

    async fn create_customer(
        &self,
        id: CustomerId,
        draft: CustomerDraft,
        now: Timestamp,
    ) -> Result<Customer, StoreError> {
        self.next().create_customer(id, draft, now).await
    }

    async fn update_customer(
        &self,
        id: CustomerId,
        draft: CustomerDraft,
        now: Timestamp,
    ) -> Result<Customer, StoreError> {
        self.next().update_customer(id, draft, now).await
    }

    async fn delete_customer(&self, id: CustomerId, now: Timestamp) -> Result<(), StoreError> {
        self.next().delete_customer(id, now).await
    }

    async fn customer(&self, name: &CustomerRef) -> Result<Option<Customer>, StoreError> {
        self.next().customer(name).await
    }

    async fn customers(&self, offset: u64, limit: u64) -> Result<(Vec<Customer>, u64), StoreError> {
        self.next().customers(offset, limit).await
    }

    async fn paid_subjects(&self, id: CustomerId) -> Result<Vec<PaidSubject>, StoreError> {
        self.next().paid_subjects(id).await
    }

    async fn payer(&self, subject: &str, time: Timestamp) -> Result<Option<CustomerId>, StoreError> {
        self.next().payer(subject, time).await
    }

    async fn posting(&self, customer: CustomerId, month: Month) -> Result<Option<Posting>, StoreError> {
        self.next().posting(customer, month).await
    }

    async fn post(&self, request: PostRequest) -> Result<PostOutcome, StoreError> {
        self.next().post(request).await
    }

    async fn verify(&self) -> Result<VerifyReport, StoreError> {
        self.next().verify().await
    }

    async fn rebuild(&self) -> Result<RebuildReport, StoreError> {
        self.next().rebuild().await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.nodes[0].close().await?;
        self.nodes[1].close().await
    }
}
