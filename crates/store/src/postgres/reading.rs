//! Reading charges and meters at the moment of a transaction.

use super::{Node, meters, query, usage};
use crate::{Reading, Readings, StoreError};
use deadpool_postgres::Transaction;
use futures_util::future::try_join_all;
use futures_util::{StreamExt, TryStreamExt, stream};

/// Meters that are read at the same time: each may hold a page of the log.
const AT_ONCE: usize = 8;

pub(super) async fn read(
    node: &Node,
    transaction: &Transaction<'_>,
    reading: &Reading,
) -> Result<Readings, StoreError> {
    let (cells, position, deltas, meters) = tokio::try_join!(
        async {
            match &reading.charges {
                Some((subjects, period)) => usage::cells(transaction, subjects, *period).await,
                None => Ok::<_, StoreError>(Vec::new()),
            }
        },
        async { Ok::<_, StoreError>(usage::position(transaction).await?) },
        node.tail.read(transaction),
        try_join_all(reading.meters.iter().map(|(id, _)| meters::find(transaction, *id))),
    )?;
    let charges = match &reading.charges {
        Some(asked) => usage::charges(transaction, &cells, &deltas, asked).await?,
        None => Vec::new(),
    };
    let answers: Vec<_> = meters
        .into_iter()
        .zip(&reading.meters)
        .map(|(meter, (_, question))| query::rows(transaction, &deltas, meter, question))
        .collect();
    let meters = stream::iter(answers).buffered(AT_ONCE).try_collect().await?;
    Ok(Readings { position, charges, meters })
}
