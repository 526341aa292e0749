//! The writer of a node: takes all requests that are waiting as one group, and commits some groups
//! at a time.
//!
//! Nothing is acknowledged before its commit. Requests wait in bounded queues.

use super::Node;
use super::group::{self, Group};
use super::request::Request;
use crate::StoreError;
use crate::embedded::shared::Weight;
use crate::embedded::stage::Fates;
use crate::embedded::writer::verdicts;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::{Semaphore, oneshot};
use usage_domain::verdict::Verdict;

/// The most events that one group takes, unless a single request has more.
const GROUP_EVENTS: usize = 50_000;
/// The same for their bytes.
const GROUP_BYTES: usize = 64 << 20;

pub(super) type Reply = oneshot::Sender<Result<Vec<Verdict>, StoreError>>;
/// What the writer is sent. The queue is bounded by [`Node::queue`], which counts events and bytes.
pub(super) type Waiting = (Request, Reply);

/// Works until the last sender is gone and all groups are committed.
pub(super) async fn run(
    node: Arc<Node>,
    mut requests: UnboundedReceiver<Waiting>,
    merges: UnboundedSender<()>,
) {
    let groups = node.limits.groups.max(1);
    let places = Arc::new(Semaphore::new(groups as usize));
    while let Some(first) = requests.recv().await {
        // While all places are taken, the next group grows.
        let Ok(place) = places.clone().acquire_owned().await else { break };
        let group = gather(&node, first, &mut requests);
        let (node, merges) = (node.clone(), merges.clone());
        tokio::spawn(async move {
            commit(&node, group).await;
            drop(place);
            let _ = merges.send(());
        });
    }
    let _ = places.acquire_many(groups).await;
}

fn gather(node: &Node, first: Waiting, requests: &mut UnboundedReceiver<Waiting>) -> Vec<Waiting> {
    let mut weight = first.0.prepared.weight();
    let mut group = vec![first];
    while weight.events < GROUP_EVENTS && weight.bytes < GROUP_BYTES {
        let Ok(next) = requests.try_recv() else { break };
        weight.add(next.0.prepared.weight());
        group.push(next);
    }
    node.queue.release(weight);
    group
}

async fn commit(node: &Node, group: Vec<Waiting>) {
    let (requests, replies): (Vec<Request>, Vec<Reply>) = group.into_iter().unzip();
    let group = Group::of(requests);
    match within_time(node, &group).await {
        Ok(fates) => {
            for ((batch, fates), reply) in group.batches.iter().zip(fates).zip(replies) {
                let _ = reply.send(Ok(verdicts(batch, fates)));
            }
        }
        // Some request asks for what cannot be read: that one fails, and no other.
        Err(error @ StoreError::DamagedRow { .. }) if replies.len() > 1 => {
            tracing::error!(%error, "a group of events is stored request by request");
            for (alone, reply) in group.apart().zip(replies) {
                let answer = within_time(node, &alone).await.map(|fates| {
                    let answers = alone.batches.iter().zip(fates);
                    answers.flat_map(|(batch, fates)| verdicts(batch, fates)).collect()
                });
                let _ = reply.send(answer);
            }
        }
        Err(error) => {
            tracing::error!(%error, "a group of events was not stored");
            for reply in replies {
                let _ = reply.send(Err(error.repeated()));
            }
        }
    }
}

async fn within_time(node: &Node, group: &Group) -> Result<Vec<Fates>, StoreError> {
    let limit = node.limits.statement + Duration::from_secs(1);
    let late = || StoreError::Unavailable("the database did not answer in time; send the same again".into());
    tokio::time::timeout(limit, group::commit(node, group)).await.unwrap_or_else(|_| Err(late()))
}

/// Whether a request can be stored at all.
pub(super) fn check(weight: Weight) -> Result<(), StoreError> {
    if weight.is_storable() {
        return Ok(());
    }
    Err(StoreError::Catalog("a request of so many bytes cannot be stored; send smaller ones".into()))
}
