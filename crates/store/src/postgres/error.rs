//! What the driver and the pool say, in words for the person who reads it.

use crate::StoreError;
use crate::format::codec::Malformed;
use deadpool_postgres::{HookError, PoolError, TimeoutType};
use std::error::Error;
use tokio_postgres::error::SqlState;

/// The error with its causes, each said once.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        source = cause.source();
    }
    text
}

/// What the database said, or what kept it from saying something.
pub(super) fn reason(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => said.message().to_string(),
        None => chain(error),
    }
}

/// Whether the connection or the transaction was lost before anything could be stored, so that the
/// same can be tried again on another.
pub(super) fn is_passing(error: &tokio_postgres::Error) -> bool {
    let passing = |state: &SqlState| {
        // Lost connections, deadlocks and conflicts, a server that stops or starts.
        ["08", "40"].iter().any(|class| state.code().starts_with(class))
            || [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW]
                .contains(state)
    };
    error.is_closed()
        || error.code().map_or_else(|| error.source().is_some_and(|s| s.is::<std::io::Error>()), passing)
}

/// Whether the two sides do not agree on TLS: the database knows none, or its certificate is not one that
/// is asked for.
pub(super) fn is_of_tls(error: &tokio_postgres::Error) -> bool {
    // The driver tells kinds of errors apart in its texts alone.
    let of_tls = error.to_string().starts_with("error performing TLS handshake");
    let cause = error.source().and_then(|cause| cause.downcast_ref::<std::io::Error>());
    // Of what failed on the way, only what TLS itself refused.
    of_tls && cause.is_none_or(|io| io.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()))
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> StoreError {
        if error.code() == Some(&SqlState::CHARACTER_NOT_IN_REPERTOIRE) {
            let what = "a text has the character U+0000, which the database does not keep";
            return StoreError::Conflict(what.to_string());
        }
        StoreError::Unavailable(format!("the database: {}", reason(&error)))
    }
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> StoreError {
        match error {
            PoolError::Closed => StoreError::Closed,
            other => StoreError::Unavailable(format!("the database: {}", unconnected(&other))),
        }
    }
}

/// Why there is no connection.
pub(super) fn unconnected(error: &PoolError) -> String {
    match error {
        PoolError::Timeout(TimeoutType::Wait) => "all connections are in use; try again".to_string(),
        PoolError::Timeout(_) => "no answer in time".to_string(),
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => reason(error),
        other => chain(other),
    }
}

/// A stored row that cannot be read.
pub(super) fn damaged(row: impl Into<String>) -> impl FnOnce(Malformed) -> StoreError {
    let row = row.into();
    move |what| StoreError::DamagedRow { row, what: what.to_string() }
}
