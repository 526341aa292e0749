//! Connections: how many there are, and how long anything may wait for one or on one.

use super::address::Address;
use super::error::chain;
use super::{Limits, error};
use crate::StoreError;
use deadpool_postgres::{
    Client, Hook, HookError, Manager, ManagerConfig, Pool as Connections, PoolError, RecyclingMethod,
    Runtime, Transaction,
};
use std::time::Duration;
use tokio_postgres::IsolationLevel;

/// How long the making of a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a connection rests before it is looked whether the other end is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// The connections of one node.
#[derive(Clone)]
pub(super) struct Pool {
    connections: Connections,
    address: Address,
}

impl Pool {
    pub(super) fn new(mut address: Address, limits: &Limits) -> Result<Pool, StoreError> {
        let config = &mut address.config;
        if config.get_application_name().is_none() {
            config.application_name("usage_app");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        // A database that vanishes without a word must not hold its callers for hours.
        config.tcp_user_timeout(limits.statement);
        config.keepalives_idle(config.get_keepalives_idle().min(KEEPALIVE));
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(config.clone(), address.tls.clone(), recycling);
        let session = format!(
            "SET statement_timeout = {statement}; SET lock_timeout = {statement};
             SET idle_in_transaction_session_timeout = {statement};
             SELECT set_config('synchronous_commit', 'on', false)
                 WHERE current_setting('synchronous_commit') = 'off'",
            statement = limits.statement.as_millis()
        );
        let prepare = Hook::async_fn(move |client, _| {
            let session = session.clone();
            Box::pin(async move { client.batch_execute(&session).await.map_err(HookError::Backend) })
        });
        let connections = Connections::builder(manager)
            .max_size(limits.connections)
            .wait_timeout(Some(limits.wait))
            .create_timeout(Some(CONNECT))
            .recycle_timeout(Some(CONNECT))
            .runtime(Runtime::Tokio1)
            .post_create(prepare)
            .build()
            .map_err(|error| StoreError::Unavailable(chain(&error)))?;
        Ok(Pool { connections, address })
    }

    /// A connection for the first time: what is wrong is told with the address.
    pub(super) async fn first(&self) -> Result<Client, StoreError> {
        self.connections.get().await.map_err(|failed| match &failed {
            PoolError::Backend(said) | PoolError::PostCreateHook(HookError::Backend(said)) => {
                match said.as_db_error() {
                    Some(_) if !error::is_passing(said) => self.address.wrong(error::reason(said)),
                    None if error::is_of_tls(said) => self.address.wrong(error::reason(said)),
                    _ => self.address.unreachable(&error::reason(said)),
                }
            }
            other => self.address.unreachable(&error::unconnected(other)),
        })
    }

    pub(super) async fn get(&self) -> Result<Client, StoreError> {
        Ok(self.connections.get().await?)
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Ends all connections; whoever asks for one from now on is refused.
    pub(super) fn close(&self) {
        self.connections.close();
    }
}

/// Begins a transaction in which all reads are of one moment.
pub(super) async fn snapshot(client: &mut Client) -> Result<Transaction<'_>, tokio_postgres::Error> {
    client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true).start().await
}
