//! The deltas that are not merged yet, unpacked: a memory of what the database holds, never more.
//!
//! A delta never changes while it is there, so that it is read once. Which ones are there, only the
//! database says, in the same moment that everything else is read of.

use super::changes::Sums;
use super::error::damaged;
use crate::StoreError;
use deadpool_postgres::Transaction;
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const THERE: &str = "SELECT record FROM usage_app.delta";
const READ: &str = "SELECT record, cells FROM usage_app.delta WHERE record = ANY ($1)";

/// The most deltas that are kept unpacked: more than there ever are, unless nobody merges.
const MOST: usize = 1024;

#[derive(Default)]
pub(super) struct Tail {
    unpacked: Mutex<BTreeMap<i64, Arc<Sums>>>,
}

impl Tail {
    fn unpacked(&self) -> MutexGuard<'_, BTreeMap<i64, Arc<Sums>>> {
        self.unpacked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers the delta of a record that was committed.
    pub(super) fn add(&self, record: i64, sums: Arc<Sums>) {
        let mut unpacked = self.unpacked();
        unpacked.insert(record, sums);
        while unpacked.len() > MOST {
            unpacked.pop_first();
        }
    }

    /// All deltas that are there at the moment of the transaction.
    pub(super) async fn read(&self, transaction: &Transaction<'_>) -> Result<Vec<Arc<Sums>>, StoreError> {
        let rows = transaction.query(&transaction.prepare_cached(THERE).await?, &[]).await?;
        let there: HashSet<i64> = rows.iter().map(|row| row.get(0)).collect();
        let (mut deltas, mut missing) = (Vec::with_capacity(there.len()), Vec::new());
        {
            let mut unpacked = self.unpacked();
            // A record that is newer than all that are seen may be there for the next reader.
            let newest = there.iter().copied().max().unwrap_or(-1);
            unpacked.retain(|record, _| *record > newest || there.contains(record));
            for record in there {
                match unpacked.get(&record) {
                    Some(sums) => deltas.push(sums.clone()),
                    None => missing.push(record),
                }
            }
        }
        if !missing.is_empty() {
            for row in transaction.query(&transaction.prepare_cached(READ).await?, &[&missing]).await? {
                let (record, cells): (i64, &[u8]) = (row.get(0), row.get(1));
                let mut sums = Sums::default();
                sums.add(cells).map_err(damaged(format!("the delta of record {record}")))?;
                let sums = Arc::new(sums);
                self.add(record, sums.clone());
                deltas.push(sums);
            }
        }
        Ok(deltas)
    }
}
