//! What the parts of a node share: its connections, what waits, and what it remembers to save time. Nothing of it
//! is needed by another node, nor by this one once it is started again.

use super::address::Address;
use super::meters::Known;
use super::pool::Pool;
use super::tail::Tail;
use super::{Limits, claims, schema, transfer};
use crate::StoreError;
use crate::embedded::projection::claims::HashKey;
use crate::embedded::shared::Queue;

pub(super) struct Node {
    pub(super) pool: Pool,
    pub(super) key: HashKey,
    pub(super) queue: Queue,
    pub(super) tail: Tail,
    pub(super) meters: Known,
    pub(super) expected: claims::Expected,
    pub(super) limits: Limits,
}

impl Node {
    /// Connects, and brings the tables up to this version; `secret` becomes that of a new database.
    pub(super) async fn open(address: &str, secret: [u8; 16], limits: Limits) -> Result<Node, StoreError> {
        let pool = Pool::new(Address::read(address)?, &limits)?;
        let mut client = pool.first().await?;
        let transaction = client.transaction().await?;
        let secret = schema::migrate(&transaction, pool.address(), secret).await?;
        if !limits.filling {
            transfer::check(&transaction, pool.address()).await?;
        }
        transaction.commit().await?;
        drop(client);
        Ok(Node {
            pool,
            key: HashKey(secret),
            queue: Queue::new(limits.most_waiting),
            tail: Tail::default(),
            meters: Known::default(),
            expected: claims::Expected::default(),
            limits,
        })
    }

    /// What is asked of the database, within the time that anything may take.
    pub(super) async fn bounded<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let limit = self.limits.wait + self.limits.statement;
        match tokio::time::timeout(limit, work).await {
            Ok(done) => done,
            Err(_) => Err(StoreError::Unavailable("the database did not answer in time".into())),
        }
    }
}
