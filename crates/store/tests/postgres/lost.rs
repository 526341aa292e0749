//! Connections that are lost at any moment, and statements that fail: what was acknowledged counts
//! once, what was not can be sent again.

use crate::database::{Database, connect};
use crate::support::{NOW, at, charge, count};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use usage_domain::event::{UsageEvent, VOID_TYPE};
use usage_domain::verdict::Verdict::{Accepted, Conflict, Duplicate, Rejected};
use usage_store::{EventFilter, Handling, Store, StoreError};

/// How many events are stored.
async fn nodes_position(owner: &tokio_postgres::Client) -> i64 {
    let sql = "SELECT coalesce(sum(next), 0)::bigint FROM usage_app.writer";
    owner.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_end_at_any_moment_lose_no_event_and_count_none_twice() {
    let Some(database) = Database::new().await else { return };
    let nodes = [Arc::new(database.node().await.unwrap()), Arc::new(database.node().await.unwrap())];
    let mut senders = JoinSet::new();
    for sender in 0..8usize {
        let node = nodes[sender % 2].clone();
        senders.spawn(async move {
            let mut failures = 0;
            for batch in 0..30 {
                // Senders 0 and 1 send the same events, to different nodes; and so on.
                let events = (0..5).map(|i| charge(&format!("{}-{batch}-{i}", sender / 2), "alice"));
                let events: Vec<_> = events.collect();
                loop {
                    match node.append(events.clone(), at(NOW), Handling::Strict).await {
                        Ok(verdicts) => {
                            assert!(
                                verdicts.iter().all(|v| matches!(v, Accepted | Duplicate)),
                                "{verdicts:?}"
                            );
                            break;
                        }
                        Err(StoreError::Unavailable(_)) => failures += 1,
                        Err(error) => panic!("{error:?}"),
                    }
                }
            }
            failures
        });
    }
    let chaos = connect(&database.address()).await;
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let (mut ended, mut rounds) = (0, 0u64);
    while !senders.is_empty() {
        let before = nodes_position(&chaos).await;
        ended += chaos.query(end, &[]).await.unwrap().len();
        rounds += 1;
        // Let something be stored, and then hit another moment of what comes next.
        let progress = async {
            while nodes_position(&chaos).await == before {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            tokio::time::sleep(Duration::from_millis(rounds * 7 % 23)).await;
        };
        tokio::select! {
            () = progress => {}
            sender = senders.join_next() => drop(sender.unwrap().unwrap()),
        }
    }
    assert!(ended > 20, "{ended} connections were ended: too few to show anything");
    let all = 4 * 30 * 5;
    for node in &nodes {
        assert_eq!(count(&**node, "alice").await, all);
        let listed = node.events(EventFilter::newest(10_000)).await.unwrap();
        let ids: BTreeSet<_> = listed.iter().map(|stored| &stored.event.id).collect();
        assert_eq!((listed.len(), ids.len()), (600, 600));
        assert_eq!(node.verify().await.unwrap().problems, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_fails_leaves_nothing_and_can_be_sent_again() {
    let Some(database) = Database::new().await else { return };
    let node = database.node().await.unwrap();
    node.append(vec![charge("before", "alice")], at(NOW), Handling::Strict).await.unwrap();
    let position = node.position().await.unwrap();
    let owner = connect(&database.address()).await;
    // After the claims were made, and again after the record was written.
    for table in ["log", "delta"] {
        owner.batch_execute(&format!("ALTER TABLE usage_app.{table} RENAME TO hidden")).await.unwrap();
        let failed = node.append(vec![charge(table, "alice")], at(NOW), Handling::Strict).await;
        assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{failed:?}");
        owner.batch_execute(&format!("ALTER TABLE usage_app.hidden RENAME TO {table}")).await.unwrap();
        let claims: i64 = owner.query_one("SELECT count(*) FROM usage_app.claim", &[]).await.unwrap().get(0);
        assert_eq!((claims, node.position().await.unwrap()), (1, position.clone()));
    }
    for table in ["log", "delta"] {
        assert_eq!(
            node.append(vec![charge(table, "alice")], at(NOW), Handling::Strict).await.unwrap(),
            [Accepted]
        );
    }
    assert_eq!(count(&node, "alice").await, 3);
    assert_eq!(node.verify().await.unwrap().problems, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deltas_are_merged_behind_and_every_reader_counts_them_once() {
    let Some(database) = Database::new().await else { return };
    let node = database.node().await.unwrap();
    let owner = connect(&database.address()).await;
    let rows = async |table: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM usage_app.{table}");
        owner.query_one(&sql, &[]).await.unwrap().get(0)
    };
    for i in 0..50 {
        node.append(
            vec![charge(&format!("{i}"), "alice"), charge(&format!("b{i}"), "bob")],
            at(NOW),
            Handling::Strict,
        )
        .await
        .unwrap();
        assert_eq!(count(&node, "alice").await, i + 1);
    }
    // The last merge may be under way.
    while rows("delta").await >= 7 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(rows("cell").await, 2, "one row for each subject and day");
    assert_eq!(count(&node, "bob").await, 50);
    // A node that knows nothing yet reads the same.
    let other = database.node().await.unwrap();
    assert_eq!(count(&other, "alice").await, 50);
    assert_eq!(other.verify().await.unwrap().problems, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_the_database_is_bounded() {
    let Some(database) = Database::new().await else { return };
    let limits = usage_store::postgres::Limits { most_waiting: 100, ..Default::default() };
    let address = database.address();
    let node = usage_store::postgres::PostgresStore::open(&address, [7; 16], limits).await.unwrap();
    let node = Arc::new(node);
    // Nobody can claim while this is held.
    let mut owner = connect(&address).await;
    let held = owner.transaction().await.unwrap();
    held.batch_execute("LOCK TABLE usage_app.claim IN EXCLUSIVE MODE").await.unwrap();
    let mut requests = JoinSet::new();
    for request in 0..20 {
        let node = node.clone();
        requests.spawn(async move {
            let events = (0..40).map(|i| charge(&format!("{request}-{i}"), "alice")).collect();
            node.append(events, at(NOW), Handling::Strict).await
        });
    }
    // Two groups are under way and one waits to be; of the others, most are refused at once.
    let mut refused = 0;
    while refused < 10 {
        match requests.join_next().await.unwrap().unwrap() {
            Err(StoreError::Overloaded) => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    held.rollback().await.unwrap();
    let mut stored = 0;
    for answer in requests.join_all().await {
        match answer {
            Ok(verdicts) => stored += verdicts.len() as u64,
            Err(StoreError::Overloaded) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(count(&*node, "alice").await, stored);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_requests_with_the_same_claim_in_one_group_the_one_that_is_stored_has_it() {
    let Some(database) = Database::new().await else { return };
    let node = Arc::new(database.node().await.unwrap());
    let mut owner = connect(&database.address()).await;
    let held = owner.transaction().await.unwrap();
    held.batch_execute("LOCK TABLE usage_app.claim IN EXCLUSIVE MODE").await.unwrap();
    let send = |events: Vec<UsageEvent>| {
        let node = node.clone();
        tokio::spawn(async move { node.append(events, at(NOW), Handling::Strict).await.unwrap() })
    };
    // In the order in which they are sent.
    let pause = || tokio::time::sleep(Duration::from_millis(50));
    // Two groups are under way; the others wait and become the next one.
    let mut first = Vec::new();
    for id in ["a", "b"] {
        first.push(send(vec![charge(id, "alice")]));
        pause().await;
    }
    let mut lost = charge("void", "alice");
    lost.event_type = VOID_TYPE.into();
    lost.data = Some("{\"source\":\"test\",\"id\":\"nobody\"}".into());
    let mut other = charge("x", "alice");
    other.data = Some("{\"amount\":\"2\"}".into());
    let refused = send(vec![charge("x", "alice"), charge("y", "alice"), lost]);
    pause().await;
    let stored = send(vec![other.clone()]);
    pause().await;
    let again = send(vec![other.clone(), charge("x", "alice")]);
    pause().await;
    held.rollback().await.unwrap();
    for sent in first {
        assert_eq!(sent.await.unwrap(), [Accepted]);
    }
    assert!(matches!(refused.await.unwrap()[..], [Accepted, Accepted, Rejected(_)]));
    assert_eq!(stored.await.unwrap(), [Accepted]);
    // Within a request the first content of the two was sent; the other stands.
    assert_eq!(again.await.unwrap(), [Duplicate, Conflict]);
    let verdicts = node.append(vec![charge("x", "alice"), charge("y", "alice")], at(NOW), Handling::Strict);
    assert_eq!(verdicts.await.unwrap(), [Conflict, Accepted]);
    assert_eq!(count(&*node, "alice").await, 4);
    assert_eq!(node.verify().await.unwrap().problems, Vec::<String>::new());
}
