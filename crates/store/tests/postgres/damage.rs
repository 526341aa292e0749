//! Rows that are not what was written are named by 'verify', and what was made from the log is made
//! anew by 'rebuild'.

use crate::database::{Database, connect};
use crate::support::{NOW, at, charge, count};
use usage_domain::event::{AMEND_TYPE, UsageEvent, VOID_TYPE};
use usage_domain::verdict::Verdict::{Accepted, Duplicate};
use usage_store::{Handling, Store, StoreError};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_differs_from_the_log_is_found_and_made_anew() {
    let Some(database) = Database::new().await else { return };
    let node = database.node().await.unwrap();
    for i in 0..20 {
        node.append(vec![charge(&format!("{i}"), "alice")], at(NOW), Handling::Strict).await.unwrap();
    }
    let owner = connect(&database.address()).await;
    for (change, problem) in [
        ("DELETE FROM usage_app.claim WHERE record = 3", "the claims of events are not those of the log"),
        ("UPDATE usage_app.claim SET content = content + 1", "the claims of events are not those of the log"),
        ("DELETE FROM usage_app.cell; DELETE FROM usage_app.delta", "the log has 20, the roll-up nothing"),
        (
            "INSERT INTO usage_app.delta SELECT 999, cells FROM usage_app.cell",
            "the log has 20, the roll-up 40",
        ),
        ("UPDATE usage_app.cell SET cells = '\\x00ff'", "a row of usage_app.cell is damaged"),
    ] {
        owner.batch_execute(change).await.unwrap();
        let problems = node.verify().await.unwrap().problems;
        assert!(problems.len() == 1 && problems[0].contains(problem), "{change}: {problems:?}");
        let report = node.rebuild().await.unwrap();
        assert_eq!((report.events, report.totals, report.position.to_string()), (20, 1, "20".into()));
        assert_eq!(node.verify().await.unwrap().problems, Vec::<String>::new(), "{change}");
        assert_eq!(count(&node, "alice").await, 20);
        assert_eq!(
            node.append(vec![charge("3", "alice")], at(NOW), Handling::Strict).await.unwrap(),
            [Duplicate]
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn corrections_that_are_not_those_of_the_log_are_found_and_made_anew() {
    let Some(database) = Database::new().await else { return };
    let node = database.node().await.unwrap();
    let correction = |id: &str, kind: &str, target: &str, rest: &str| {
        let data = Some(format!("{{\"source\":\"test\",\"id\":\"{target}\"{rest}}}"));
        UsageEvent { event_type: kind.into(), data, ..charge(id, "x") }
    };
    let events = vec![
        charge("a", "alice"),
        charge("b", "alice"),
        charge("c", "alice"),
        correction("amend", AMEND_TYPE, "a", ",\"data\":{\"amount\":\"2\"}"),
        correction("void", VOID_TYPE, "b", ""),
    ];
    node.append(events, at(NOW), Handling::Strict).await.unwrap();
    let owner = connect(&database.address()).await;
    let kept = "SELECT target, amended_by, changes FROM usage_app.fate ORDER BY target";
    let rows = async || -> Vec<(i64, Option<i64>, i64)> {
        let rows = owner.query(kept, &[]).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
    };
    let sound = rows().await;
    assert_eq!(node.verify().await.unwrap().problems, Vec::<String>::new());
    for change in [
        "DELETE FROM usage_app.fate WHERE amended_by IS NULL",
        "UPDATE usage_app.fate SET amended_by = NULL",
        "UPDATE usage_app.fate SET changes = changes + 1 WHERE amended_by IS NOT NULL",
        "INSERT INTO usage_app.fate SELECT max(target) + 1, NULL, 1 FROM usage_app.fate",
        "INSERT INTO usage_app.fate SELECT max(target) + 1000, NULL, 1 FROM usage_app.fate",
    ] {
        owner.batch_execute(change).await.unwrap();
        let problems = node.verify().await.unwrap().problems;
        let named = "the corrections are not those of the log; run 'usage_app rebuild'";
        assert!(problems.iter().any(|problem| problem == named), "{change}: {problems:?}");
        node.rebuild().await.unwrap();
        assert_eq!(rows().await, sound, "{change}");
        assert_eq!(node.verify().await.unwrap().problems, Vec::<String>::new(), "{change}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_record_is_named_and_never_served() {
    let Some(database) = Database::new().await else { return };
    let node = database.node().await.unwrap();
    for i in 0..3 {
        node.append(vec![charge(&format!("{i}"), "alice")], at(NOW), Handling::Strict).await.unwrap();
    }
    let owner = connect(&database.address()).await;
    let row = owner.query_one("SELECT record, body FROM usage_app.log WHERE first = 1", &[]).await.unwrap();
    let (record, body): (i64, Vec<u8>) = (row.get(0), row.get(1));
    let set = "UPDATE usage_app.log SET body = $2 WHERE record = $1";
    for place in (0..body.len()).step_by(7) {
        let mut damaged = body.clone();
        damaged[place] ^= 4;
        owner.execute(set, &[&record, &damaged]).await.unwrap();
        let problems = node.verify().await.unwrap().problems;
        let name = format!("record {record} of the log is damaged");
        assert!(problems.iter().any(|problem| problem.contains(&name)), "byte {place}: {problems:?}");
        let listed = node.events(usage_store::EventFilter::newest(10)).await;
        assert!(matches!(listed, Err(StoreError::DamagedRow { .. })), "byte {place}: {listed:?}");
        let rebuilt = node.rebuild().await;
        assert!(matches!(rebuilt, Err(StoreError::DamagedRow { .. })), "byte {place}: {rebuilt:?}");
    }
    // Who asks for what it has is refused; whoever came in the same group is not.
    let node = std::sync::Arc::new(node);
    let mut sent = tokio::task::JoinSet::new();
    for i in 0..40 {
        let node = node.clone();
        let mut event = charge(&if i % 4 == 0 { "1".to_string() } else { format!("new {i}") }, "alice");
        if i % 4 == 0 {
            event.data = Some("{\"amount\":\"7\"}".into());
        }
        sent.spawn(async move { (i, node.append(vec![event], at(NOW), Handling::Strict).await) });
    }
    for (i, answer) in sent.join_all().await {
        match (i % 4, &answer) {
            (0, Err(StoreError::DamagedRow { .. })) => {}
            (1.., Ok(verdicts)) if *verdicts == [Accepted] => {}
            _ => panic!("{i}: {answer:?}"),
        }
    }
    owner.execute(set, &[&record, &body]).await.unwrap();
    owner.execute("DELETE FROM usage_app.log WHERE record = $1", &[&record]).await.unwrap();
    let problems = node.verify().await.unwrap().problems;
    assert!(problems[0].contains("begins at event 2, and 1 are before it"), "{problems:?}");
}
