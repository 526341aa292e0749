//! Claims of many events at a time, which are copied where none is expected to be there.

use crate::database::Database;
use crate::support::{NOW, at, charge, count};
use std::sync::Arc;
use tokio::task::JoinSet;
use usage_domain::event::UsageEvent;
use usage_domain::verdict::Verdict::{self, Accepted, Conflict, Duplicate};
use usage_store::postgres::PostgresStore;
use usage_store::{Handling, Store};

/// Enough for a copy.
const MANY: usize = 150;

fn events(prefix: &str) -> Vec<UsageEvent> {
    (0..MANY).map(|id| charge(&format!("{prefix}-{id}"), "alice")).collect()
}

async fn send(node: &PostgresStore, events: Vec<UsageEvent>) -> Vec<Verdict> {
    node.append(events, at(NOW), Handling::Strict).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_events_of_which_some_were_there_are_told_apart_and_counted_once() {
    let Some(database) = Database::new().await else { return };
    let node = database.node().await.unwrap();
    assert_eq!(send(&node, events("a")).await, vec![Accepted; MANY]);
    // Among new ones an old one, one of another content, and one twice.
    let mut mixed = events("b");
    mixed[0] = charge("a-7", "alice");
    mixed[1] = charge("a-8", "bob");
    mixed[3] = mixed[2].clone();
    let verdicts = send(&node, mixed).await;
    assert_eq!(verdicts[..4], [Duplicate, Conflict, Accepted, Duplicate]);
    assert_eq!(verdicts[4..], vec![Accepted; MANY - 4]);
    // For a while nothing is copied, then again, and the same comes out.
    for group in 0..20 {
        let name = format!("c{group}");
        assert_eq!(send(&node, events(&name)).await, vec![Accepted; MANY], "{name}");
    }
    assert_eq!(send(&node, events("c19")).await, vec![Duplicate; MANY]);
    assert_eq!(count(&node, "alice").await, 22 * MANY as u64 - 3);
    assert_eq!(node.verify().await.unwrap().problems, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_claim_the_same_events_at_once_store_them_once() {
    let Some(database) = Database::new().await else { return };
    let nodes = [Arc::new(database.node().await.unwrap()), Arc::new(database.node().await.unwrap())];
    for round in 0..10 {
        let mut sending = JoinSet::new();
        for node in &nodes {
            let (node, events) = (node.clone(), events(&round.to_string()));
            sending.spawn(async move { send(&node, events).await });
        }
        let answers = sending.join_all().await;
        for (one, other) in answers[0].iter().zip(&answers[1]) {
            assert!(
                matches!((one, other), (Accepted, Duplicate) | (Duplicate, Accepted)),
                "{one:?} {other:?}"
            );
        }
    }
    assert_eq!(count(&*nodes[0], "alice").await, 10 * MANY as u64);
    assert_eq!(nodes[1].verify().await.unwrap().problems, Vec::<String>::new());
}
