//! What a node may use of its database and of its own memory, and how long it waits. Whoever opens a node says so;
//! nothing here is read from the database, and nodes on one database may have limits of their own.

use std::time::Duration;

/// What a node may use, and how long anything may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections of this node.
    pub connections: usize,
    /// How long a request waits for one of them.
    pub wait: Duration,
    /// How long a statement may take, a lock be waited for, or a transaction stand idle.
    pub statement: Duration,
    /// Events that may wait for a group; more are refused with
    /// [`StoreError::Overloaded`](crate::StoreError::Overloaded).
    pub most_waiting: usize,
    /// Deltas that wait before they are merged into the cells.
    pub merge_every: u32,
    /// Groups of events that are committed at a time. With one, events stand in the log in the order in which
    /// they were sent.
    pub groups: u32,
    /// Whether this is the move of another store to the database, which nobody else opens until it is whole.
    pub filling: bool,
}

impl Default for Limits {
    /// The usual figures.
    fn default() -> Limits {
        Limits {
            connections: 16,
            wait: Duration::from_secs(5),
            statement: Duration::from_secs(30),
            most_waiting: 200_000,
            merge_every: 64,
            // While one waits for the disk, another is claimed.
            groups: 2,
            filling: false,
        }
    }
}
