//! Whose database a node takes, and that it leaves no half of a schema behind.

use crate::database::{Database, connect};
use crate::support::{NOW, at, charge, count};
use tokio::task::JoinSet;
use usage_domain::customer::{CustomerDraft, CustomerId, CustomerRef};
use usage_domain::verdict::Verdict::{Accepted, Duplicate};
use usage_store::postgres::{Limits, PostgresStore, exists};
use usage_store::{DocumentWrite, Expect, Handling, Kind, Store, StoreError};

/// How many tables there are, of anybody.
async fn tables(database: &Database) -> i64 {
    let sql = "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')";
    connect(&database.address()).await.query_one(sql, &[]).await.unwrap().get(0)
}

async fn refused(address: &str) -> String {
    match PostgresStore::open(address, [7; 16], Limits::default()).await {
        Ok(_) => panic!("it was opened"),
        Err(error @ (StoreError::WrongDatabase { .. } | StoreError::Unavailable(_))) => error.to_string(),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_nodes_that_start_at_once_make_one_schema() {
    let Some(database) = Database::new().await else { return };
    assert!(!exists(&database.address()).await.unwrap());
    let mut opening = JoinSet::new();
    for node in 0..10u8 {
        let (address, limits) = (database.address(), Limits { connections: 2, ..Limits::default() });
        // Each would give a new database another secret.
        opening.spawn(async move { PostgresStore::open(&address, [node; 16], limits).await.unwrap() });
    }
    let nodes = opening.join_all().await;
    assert!(exists(&database.address()).await.unwrap());
    for (place, node) in nodes.iter().enumerate() {
        let expected = if place == 0 { Accepted } else { Duplicate };
        let verdicts =
            node.append(vec![charge("the same", "alice")], at(NOW), Handling::Strict).await.unwrap();
        assert_eq!(verdicts, [expected], "node {place}");
    }
    let made = tables(&database).await;
    database.node().await.unwrap();
    assert_eq!(tables(&database).await, made, "opening it again changed the schema");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_another_program_is_refused_and_left_alone() {
    let Some(database) = Database::new().await else { return };
    let theirs = connect(&database.address()).await;
    theirs.batch_execute("CREATE TABLE theirs (a int)").await.unwrap();
    let said = refused(&database.address()).await;
    assert!(said.contains("it belongs to another program (it has the table public.theirs)"), "{said}");
    assert_eq!(tables(&database).await, 1);
    theirs
        .batch_execute("DROP TABLE theirs; CREATE SCHEMA usage_app; CREATE TABLE usage_app.meta (a int)")
        .await
        .unwrap();
    let said = refused(&database.address()).await;
    assert!(said.contains("cannot be used"), "{said}");
    assert_eq!(tables(&database).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_the_first_version_is_brought_up_and_keeps_what_it_has() {
    let Some(database) = Database::new().await else { return };
    let node = database.node().await.unwrap();
    assert_eq!(node.append(vec![charge("a", "alice")], at(NOW), Handling::Strict).await.unwrap(), [Accepted]);
    node.close().await.unwrap();
    let before = "DROP TABLE usage_app.document; DROP SEQUENCE usage_app.revision;
                  UPDATE usage_app.meta SET value = '1' WHERE key = 'version'";
    connect(&database.address()).await.batch_execute(before).await.unwrap();
    let node = database.node().await.unwrap();
    assert_eq!(
        node.append(vec![charge("a", "alice")], at(NOW), Handling::Strict).await.unwrap(),
        [Duplicate]
    );
    let write = DocumentWrite {
        kind: Kind::Plan,
        id: "a".into(),
        owner: None,
        body: Some("{}".into()),
        expect: Expect::Absent,
    };
    assert_eq!(node.write_documents(vec![write]).await.unwrap(), [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_version_is_refused() {
    let Some(database) = Database::new().await else { return };
    database.node().await.unwrap();
    let sql = "UPDATE usage_app.meta SET value = '99' WHERE key = 'version'";
    connect(&database.address()).await.batch_execute(sql).await.unwrap();
    let said = refused(&database.address()).await;
    assert!(said.contains("its tables have version 99"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_with_too_few_rights_is_refused_and_leaves_nothing() {
    let Some(database) = Database::new().await else { return };
    let role = format!("{}_weak", database.name);
    database.at_server(&format!("CREATE ROLE {role} LOGIN PASSWORD 'secret'")).await;
    let (_, host) = database.address().split_once('@').map(|(a, b)| (a.to_string(), b.to_string())).unwrap();
    let address = format!("postgres://{role}:secret@{host}");
    let said = refused(&address).await;
    assert!(said.contains("permission denied") && !said.contains("secret") && !said.contains('\n'), "{said}");
    assert_eq!(tables(&database).await, 0);
    // The same where the tables are there and the role may not read them.
    database.node().await.unwrap();
    let said = refused(&address).await;
    assert!(said.contains("permission denied"), "{said}");
    // With a schema made for it and rights on that alone, it can work.
    let owner = connect(&database.address()).await;
    owner.batch_execute("DROP SCHEMA usage_app CASCADE").await.unwrap();
    owner.batch_execute(&format!("CREATE SCHEMA usage_app AUTHORIZATION {role}")).await.unwrap();
    let node = PostgresStore::open(&address, [7; 16], Limits::default()).await.unwrap();
    assert_eq!(node.append(vec![charge("a", "alice")], at(NOW), Handling::Strict).await.unwrap(), [Accepted]);
    node.close().await.unwrap();
    owner.batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_where_nothing_answers_says_so_in_one_line() {
    let Some(database) = Database::new().await else { return };
    let nowhere = database.address().replace(&database.name, "nowhere_at_all");
    for (address, expected) in [
        (nowhere.as_str(), "\"nowhere_at_all\" does not exist"),
        ("postgres://bob:secret@127.0.0.1:1/usage", "postgres://bob@127.0.0.1:1/usage does not answer"),
        ("postgres://bob:secret@127.0.0.1:none/usage", "invalid value for option `port`"),
        ("postgres://127.0.0.1/usage?sslmode=verify-ca", "sslmode=verify-ca needs sslrootcert=FILE"),
    ] {
        let said = refused(address).await;
        assert!(said.contains(expected) && !said.contains("secret") && !said.contains('\n'), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subjects_may_have_any_character_and_names_with_a_zero_are_nobodys() {
    let Some(database) = Database::new().await else { return };
    let node = database.node().await.unwrap();
    let subject = "nul \0, é, \u{1f980}";
    // Often enough that it is merged.
    for i in 0..20 {
        node.append(vec![charge(&format!("id \0 {i}"), subject)], at(NOW), Handling::Strict).await.unwrap();
    }
    assert_eq!(count(&node, subject).await, 20);
    assert_eq!(node.unpaid(1).await.unwrap().subjects[0].subject, subject);
    assert_eq!(node.payer(subject, at(NOW)).await.unwrap(), None);
    assert_eq!(node.customer(&CustomerRef::Any("a\0b".into())).await.unwrap(), None);
    let draft = CustomerDraft::named("a\0b");
    let refused = node.create_customer(CustomerId(1u128.into()), draft, at(NOW)).await;
    assert!(matches!(&refused, Err(StoreError::Conflict(text)) if text.contains("U+0000")), "{refused:?}");
    assert_eq!(node.verify().await.unwrap().problems, Vec::<String>::new());
}
