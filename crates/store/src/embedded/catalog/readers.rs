//! Connections that only read. Each reading is of what was committed when it began; nobody waits for the
//! catalog's thread, and a long listing holds one of them alone.

use super::configure;
use crate::StoreError;
use rusqlite::Connection;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

/// How many there are.
const CONNECTIONS: usize = 4;

pub(super) struct Readers {
    connections: Vec<Mutex<Connection>>,
    /// Whom to wait for, where none is free.
    next: AtomicUsize,
}

impl Readers {
    pub(super) fn open(path: &Path) -> Result<Readers, StoreError> {
        let open = || {
            let connection = Connection::open(path)?;
            configure(&connection)?;
            connection.pragma_update(None, "query_only", true)?;
            Ok(Mutex::new(connection))
        };
        let connections = (0..CONNECTIONS).map(|_| open()).collect::<Result<_, StoreError>>()?;
        Ok(Readers { connections, next: AtomicUsize::new(0) })
    }

    /// One that is free, if there is one.
    pub(super) fn free(&self) -> Option<MutexGuard<'_, Connection>> {
        self.connections.iter().find_map(|connection| match connection.try_lock() {
            Ok(free) => Some(free),
            Err(TryLockError::Poisoned(free)) => Some(free.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        })
    }

    /// One that is free, or the next that will be.
    pub(super) fn get(&self) -> MutexGuard<'_, Connection> {
        self.free().unwrap_or_else(|| {
            let next = self.next.fetch_add(1, Ordering::Relaxed) % CONNECTIONS;
            self.connections[next].lock().unwrap_or_else(PoisonError::into_inner)
        })
    }
}
