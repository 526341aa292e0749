//! Moving everything that a store keeps to another one, of either table.
//!
//! The log goes through the contract, as if its requests came again in their order; the catalog goes row by
//! row ([`Table`]), because its history (who paid for what, which numbers were used) is more than the contract
//! lets anybody say. A store that is being filled says so in itself, and is opened by nobody else.

mod tables;

pub use tables::{Column, Of, TABLES, Table};

use crate::StoreError;
use crate::embedded::projection::claims::HashKey;
use async_trait::async_trait;
use usage_domain::position::Position;

/// A stored value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    None,
    /// A number, a moment, or 0 and 1 for no and yes.
    Number(i64),
    /// A text.
    Text(String),
}

/// The values of a table's columns.
pub type Row = Vec<Value>;

/// Which store it is: 16 bytes that no other has.
pub type Identity = [u8; 16];

/// What becomes of a store that others are moved into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It holds nothing.
    Empty,
    /// It has what came before a position of another store's log.
    UnderWay(Identity, Position),
    /// It has all of another store, and perhaps more by now.
    Done(Identity),
    /// It holds data that came in no such way.
    InUse,
}

/// A store's catalog, by rows, and what it notes of a move. The store itself may be open besides.
#[async_trait]
pub trait Books: Send + Sync {
    /// Which store it is.
    async fn identity(&self) -> Result<Identity, StoreError>;

    /// What became of moving another store here.
    async fn state(&self) -> Result<State, StoreError>;

    /// Notes that everything of another store that is before `until` is here. From the first time on, nobody
    /// else opens this one.
    async fn note(&self, from: Identity, until: &Position) -> Result<(), StoreError>;

    /// Notes that all is here: it is a store as any other.
    async fn finish(&self) -> Result<(), StoreError>;

    /// Rows of a table by their keys, after those of a row: at most `limit`.
    async fn rows(&self, table: &Table, after: Option<&Row>, limit: usize) -> Result<Vec<Row>, StoreError>;

    /// The last revision that a document got: none is given twice, also once its document is deleted.
    async fn last_revision(&self) -> Result<i64, StoreError>;

    /// Gives no revision up to this one any more.
    async fn skip_revisions(&self, until: i64) -> Result<(), StoreError>;

    /// Puts rows, all or none of them; one whose key is there takes its place.
    async fn put(&self, table: &Table, rows: &[Row]) -> Result<(), StoreError>;
}

/// What a store is known by that has this secret, which it does not tell.
pub(crate) fn identity_of(key: &HashKey) -> Identity {
    let half = |which| key.claim("usage_app store", which).to_be_bytes();
    let mut identity = Identity::default();
    identity[..8].copy_from_slice(&half("one"));
    identity[8..].copy_from_slice(&half("other"));
    identity
}
