//! Documents: what was written is what is read, by whoever expected what was there.

use crate::support::{NOW, Setup, at, customer};
use std::sync::Arc;
use tokio::task::JoinSet;
use usage_domain::customer::{CustomerId, CustomerRef};
use usage_store::{Document, DocumentWrite, Expect, Kind, Store, StoreError};

fn put(kind: Kind, id: &str, body: &str, expect: Expect) -> DocumentWrite {
    DocumentWrite { kind, id: id.into(), owner: None, body: Some(body.into()), expect }
}

fn remove(kind: Kind, id: &str, expect: Expect) -> DocumentWrite {
    DocumentWrite { kind, id: id.into(), owner: None, body: None, expect }
}

fn of(owner: u128, write: DocumentWrite) -> DocumentWrite {
    DocumentWrite { owner: Some(CustomerId(owner.into())), ..write }
}

/// Writes one document; gives its revision.
async fn one(store: &dyn Store, write: DocumentWrite) -> Result<u64, StoreError> {
    let revisions = store.write_documents(vec![write]).await?;
    assert_eq!(revisions.len(), 1);
    Ok(revisions[0])
}

async fn body(store: &dyn Store, kind: Kind, id: &str) -> Option<String> {
    store.document(kind, id).await.unwrap().map(|document| document.body)
}

fn ids(documents: &[Document]) -> Vec<&str> {
    documents.iter().map(|document| document.id.as_str()).collect()
}

#[track_caller]
fn check_stale<T: std::fmt::Debug>(answer: &Result<T, StoreError>, of: Kind, named: &str) {
    let is_stale = matches!(answer, Err(StoreError::Stale { kind, id }) if *kind == of && id == named);
    assert!(is_stale, "{answer:?}, not {of} {named}");
}

pub(crate) async fn documents_are_read_as_they_were_written_also_after_reopening(setup: &impl Setup) {
    let store = setup.open();
    // All that JSON may have, and what it may not: nobody looks.
    let texts = ["{}", "", "{\"a\":\"é \u{1f980} \\u0000 'x' $1\"}", "not JSON\n\t\u{1}\u{7f}\u{feff}"];
    let mut expected = Vec::new();
    for (text, kind) in texts.iter().zip([Kind::Plan, Kind::Bill, Kind::CreditNote, Kind::History]) {
        let write = of(7, put(kind, "the id \u{1f980} é \"'\\", text, Expect::Absent));
        let revision = one(&*store, write.clone()).await.unwrap();
        let (id, owner, body) = (write.id, write.owner, (*text).to_string());
        expected.push(Document { kind, id, owner, revision, body });
    }
    check_all(&*store, &expected).await;
    store.close().await.unwrap();
    drop(store);
    check_all(&*setup.open(), &expected).await;
}

async fn check_all(store: &dyn Store, expected: &[Document]) {
    for document in expected {
        assert_eq!(store.document(document.kind, &document.id).await.unwrap().as_ref(), Some(document));
    }
    assert_eq!(store.document(Kind::Tax, &expected[0].id).await.unwrap(), None);
    for id in ["", "the id", "the\0id"] {
        assert_eq!(store.document(Kind::Plan, id).await.unwrap(), None);
    }
}

pub(crate) async fn documents_are_listed_by_the_bytes_of_their_ids_page_by_page(setup: &impl Setup) {
    let store = setup.open();
    // No language sorts like this.
    let mut names =
        vec!["B", "a", "b", "A", "ä", "_", "a-", "a b", "aB", "\u{1f980}", "\u{ffee}", "10", "9", "a%"];
    let writes = names.iter().map(|id| put(Kind::Coupon, id, "{}", Expect::Absent));
    store.write_documents(writes.collect()).await.unwrap();
    one(&*store, put(Kind::Plan, "other", "{}", Expect::Absent)).await.unwrap();
    names.sort_unstable();
    let all = store.documents(Kind::Coupon, None, u64::MAX).await.unwrap();
    assert_eq!(ids(&all), names);
    for limit in 1..=names.len() + 1 {
        let (mut listed, mut after): (Vec<Document>, Option<String>) = (Vec::new(), None);
        loop {
            let page = store.documents(Kind::Coupon, after.as_deref(), limit as u64).await.unwrap();
            let is_last = page.len() < limit;
            after = page.last().map(|document| document.id.clone()).or(after);
            listed.extend(page);
            if is_last {
                break;
            }
        }
        assert_eq!(listed, all, "{limit} at a time");
    }
    // A page may begin behind what is not there.
    for (after, expected) in [("a", "a "), ("a\0", "a "), ("a\0z", "a "), ("a ", "a b"), ("\u{1f980}", "")] {
        let page = store.documents(Kind::Coupon, Some(after), 1).await.unwrap();
        let expected = names.iter().find(|name| **name >= expected && !expected.is_empty());
        assert_eq!(ids(&page), expected.into_iter().copied().collect::<Vec<_>>(), "behind {after:?}");
    }
    assert_eq!(store.documents(Kind::Coupon, None, 0).await.unwrap(), []);
    assert_eq!(store.documents(Kind::Grant, None, 10).await.unwrap(), []);
}

pub(crate) async fn a_customers_documents_are_read_together_and_outlive_it(setup: &impl Setup) {
    let store = setup.open();
    let owner = customer(&*store, 1, |_| {}).await;
    let writes = vec![
        of(1, put(Kind::Subscription, "s2", "{}", Expect::Absent)),
        of(1, put(Kind::Bill, "b1", "{}", Expect::Absent)),
        of(1, put(Kind::Subscription, "s1", "{}", Expect::Absent)),
        of(2, put(Kind::Bill, "b2", "{}", Expect::Absent)),
        put(Kind::Bill, "b3", "{}", Expect::Absent),
        of(1, put(Kind::Grant, "g", "{}", Expect::Absent)),
    ];
    store.write_documents(writes).await.unwrap();
    let named = async |owner: CustomerId, kinds: &[Kind]| {
        let found = store.documents_of(owner, kinds.to_vec()).await.unwrap();
        found.into_iter().map(|document| document.id).collect::<Vec<_>>()
    };
    let all = [Kind::Subscription, Kind::Grant, Kind::Bill, Kind::Bill];
    assert_eq!(named(owner.id, &all).await, ["b1", "g", "s1", "s2"]);
    assert_eq!(named(owner.id, &[Kind::Subscription]).await, ["s1", "s2"]);
    assert!(named(owner.id, &[Kind::Tax]).await.is_empty() && named(owner.id, &[]).await.is_empty());
    assert!(named(CustomerId(3.into()), &all).await.is_empty());
    let page = async |kind: Kind, after: Option<&str>, limit: u64| {
        let found = store.documents_of_kind(owner.id, kind, after, limit).await.unwrap();
        found.into_iter().map(|document| document.id).collect::<Vec<_>>()
    };
    assert_eq!(page(Kind::Subscription, None, 1).await, ["s1"]);
    assert_eq!(page(Kind::Subscription, Some("s1"), 2).await, ["s2"]);
    assert_eq!(page(Kind::Subscription, Some("s0\0"), 9).await, ["s1", "s2"]);
    assert!(page(Kind::Subscription, Some("s2"), 9).await.is_empty());
    assert_eq!(
        (page(Kind::Bill, None, 9).await, page(Kind::Grant, None, 0).await),
        (vec!["b1".into()], vec![])
    );
    store.delete_customer(owner.id, at(NOW)).await.unwrap();
    assert_eq!(store.customer(&CustomerRef::Id(owner.id)).await.unwrap(), None);
    assert_eq!(named(owner.id, &all).await, ["b1", "g", "s1", "s2"]);
    // A document may change hands.
    one(&*store, of(2, put(Kind::Bill, "b1", "{}", Expect::Any))).await.unwrap();
    one(&*store, put(Kind::Grant, "g", "{}", Expect::Any)).await.unwrap();
    assert_eq!(named(owner.id, &all).await, ["s1", "s2"]);
    assert_eq!(named(CustomerId(2.into()), &all).await, ["b1", "b2"]);
}

pub(crate) async fn a_document_that_is_not_as_expected_is_left_as_it_is(setup: &impl Setup) {
    let store = setup.open();
    let (kind, id) = (Kind::Setting, "tax");
    let write = |body: Option<&str>, expect| match body {
        Some(body) => put(kind, id, body, expect),
        None => remove(kind, id, expect),
    };
    for body in [Some("{}"), None] {
        check_stale(&one(&*store, write(body, Expect::Revision(1))).await, kind, id);
    }
    // To delete what is not there, whatever is there, is done at once.
    for expect in [Expect::Any, Expect::Absent] {
        one(&*store, write(None, expect)).await.unwrap();
    }
    let first = one(&*store, write(Some("1"), Expect::Absent)).await.unwrap();
    for expect in [Expect::Absent, Expect::Revision(first + 1), Expect::Revision(0)] {
        for text in [Some("no"), None] {
            check_stale(&one(&*store, write(text, expect)).await, kind, id);
            assert_eq!(body(&*store, kind, id).await.as_deref(), Some("1"));
        }
    }
    let second = one(&*store, write(Some("2"), Expect::Revision(first))).await.unwrap();
    assert!(second > first);
    check_stale(&one(&*store, write(Some("no"), Expect::Revision(first))).await, kind, id);
    // The same text is another revision too.
    let third = one(&*store, write(Some("2"), Expect::Any)).await.unwrap();
    assert!(third > second);
    assert_eq!(store.document(kind, id).await.unwrap().unwrap().revision, third);
    one(&*store, write(None, Expect::Revision(third))).await.unwrap();
    assert_eq!(body(&*store, kind, id).await, None);
    // What was deleted and made anew is not what it was, with the same text and in the same id.
    let again = one(&*store, write(Some("2"), Expect::Absent)).await.unwrap();
    assert!(again > third);
    check_stale(&one(&*store, write(Some("no"), Expect::Revision(third))).await, kind, id);
    assert_eq!(body(&*store, kind, id).await.as_deref(), Some("2"));
}

pub(crate) async fn documents_that_cannot_all_be_written_are_written_not_at_all(setup: &impl Setup) {
    let store = setup.open();
    let start = vec![put(Kind::Plan, "a", "1", Expect::Absent), put(Kind::Plan, "z", "1", Expect::Absent)];
    let start = store.write_documents(start).await.unwrap();
    assert!(start[0] != start[1]);
    // Whichever of them it is, first, last or between.
    for place in 0..4 {
        let mut writes = vec![
            put(Kind::Plan, "b", "2", Expect::Absent),
            put(Kind::Plan, "a", "2", Expect::Revision(start[0])),
            remove(Kind::Plan, "z", Expect::Revision(start[1])),
            put(Kind::Bill, "c", "2", Expect::Any),
        ];
        writes[place].expect = Expect::Revision(1_000_000);
        let named = (writes[place].kind, writes[place].id.clone());
        check_stale(&store.write_documents(writes).await, named.0, &named.1);
        assert_eq!(ids(&store.documents(Kind::Plan, None, 10).await.unwrap()), ["a", "z"]);
        assert_eq!(body(&*store, Kind::Plan, "a").await.as_deref(), Some("1"));
        assert_eq!(store.documents(Kind::Bill, None, 10).await.unwrap(), []);
    }
    let writes = vec![
        put(Kind::Plan, "b", "2", Expect::Absent),
        put(Kind::Plan, "a", "2", Expect::Revision(start[0])),
        remove(Kind::Plan, "z", Expect::Revision(start[1])),
        put(Kind::Bill, "c", "2", Expect::Any),
    ];
    let revisions = store.write_documents(writes).await.unwrap();
    let plans = store.documents(Kind::Plan, None, 10).await.unwrap();
    let found: Vec<_> =
        plans.iter().map(|plan| (plan.id.as_str(), plan.revision, plan.body.as_str())).collect();
    assert_eq!(found, [("a", revisions[1], "2"), ("b", revisions[0], "2")]);
    assert_eq!(store.document(Kind::Bill, "c").await.unwrap().unwrap().revision, revisions[3]);
    assert_eq!(store.write_documents(vec![]).await.unwrap(), Vec::<u64>::new());
}

pub(crate) async fn documents_have_limits_and_what_is_within_them_is_kept(setup: &impl Setup) {
    let store = setup.open();
    let refused = async |writes: Vec<DocumentWrite>, what: &str| {
        let answer = store.write_documents(writes).await;
        assert!(matches!(&answer, Err(StoreError::Limit(text)) if text.contains(what)), "{what}: {answer:?}");
    };
    let good = || put(Kind::Input, "good", "{}", Expect::Any);
    let long = "é".repeat(DocumentWrite::MAX_ID / 2);
    let large = "x".repeat(DocumentWrite::MAX_BODY);
    let of_body = |id: &str, body: &str| put(Kind::Input, id, body, Expect::Any);
    refused(vec![good(), of_body("", "{}")], "needs an id").await;
    refused(vec![good(), of_body(&format!("{long}x"), "{}")], "at most 256 bytes").await;
    refused(vec![good(), of_body("large", &format!("{large}x"))], "more than 16777216").await;
    refused(vec![good(), of_body("zero", "a\0b")], "U+0000").await;
    refused(vec![good(), of_body("a\0b", "{}")], "U+0000").await;
    refused(vec![good(), good()], "twice").await;
    let many = |count: usize| (0..count).map(|i| of_body(&format!("{i:05}"), "{}")).collect::<Vec<_>>();
    refused(many(DocumentWrite::MAX_TOGETHER + 1), "at most 10000 documents").await;
    let mut bytes: Vec<_> = (0..4).map(|i| of_body(&format!("large{i}"), &large)).collect();
    bytes.push(of_body("more", "x"));
    refused(bytes, "at most 67108864 bytes").await;
    assert_eq!(store.documents(Kind::Input, None, 10).await.unwrap(), []);

    store.write_documents(vec![of_body(&long, &large)]).await.unwrap();
    assert_eq!(body(&*store, Kind::Input, &long).await.as_deref(), Some(large.as_str()));
    let revisions = store.write_documents(many(DocumentWrite::MAX_TOGETHER)).await.unwrap();
    let mut listed = store.documents(Kind::Input, None, u64::MAX).await.unwrap();
    assert_eq!(listed.pop().unwrap().id, long);
    assert_eq!(listed.iter().map(|document| document.revision).collect::<Vec<_>>(), revisions);
}

/// Adds one to the number in a document, however often somebody else was faster.
async fn count_up(store: &dyn Store, id: &str) -> u64 {
    loop {
        let now = store.document(Kind::Counter, id).await.unwrap();
        let count: u64 = now.as_ref().map_or(0, |document| document.body.parse().unwrap());
        let expect = now.map_or(Expect::Absent, |document| Expect::Revision(document.revision));
        match one(store, put(Kind::Counter, id, &(count + 1).to_string(), expect)).await {
            Ok(_) => return count + 1,
            Err(StoreError::Stale { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
}

pub(crate) async fn of_those_who_expect_the_same_revision_one_writes(setup: &impl Setup) {
    let nodes = setup.open_two();
    let mut work = JoinSet::new();
    for task in 0..12usize {
        let store = nodes[task % 2].clone();
        work.spawn(async move {
            let mut counts = Vec::new();
            for _ in 0..10 {
                counts.push(count_up(&*store, "bills").await);
            }
            counts
        });
    }
    let mut counts: Vec<u64> = work.join_all().await.into_iter().flatten().collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=120).collect::<Vec<_>>());
    for store in &nodes {
        assert_eq!(body(&**store, Kind::Counter, "bills").await.as_deref(), Some("120"));
    }
}

pub(crate) async fn writes_of_the_same_documents_in_any_order_end_all_well(setup: &impl Setup) {
    let nodes = setup.open_two();
    let mut work = JoinSet::new();
    for task in 0..8usize {
        let store: Arc<dyn Store> = nodes[task % 2].clone();
        work.spawn(async move {
            let (mut written, mut revisions) = (0u64, Vec::new());
            for round in 0..30usize {
                // The same ten documents in an order of its own; some are made, some deleted, all or none.
                let step = [1, 3, 7, 9][task % 4];
                let write = |i: usize| {
                    let id = format!("d{}", (i * step + round) % 10);
                    match (i + task + round) % 5 {
                        0 => remove(Kind::Input, &id, Expect::Any),
                        1 if task < 4 => put(Kind::Input, &id, "{}", Expect::Absent),
                        _ => put(Kind::Input, &id, &format!("{task}-{round}"), Expect::Any),
                    }
                };
                match store.write_documents((0..10).map(write).collect()).await {
                    Ok(new) => {
                        written += 1;
                        revisions.extend(new);
                    }
                    Err(StoreError::Stale { kind: Kind::Input, .. }) if task < 4 => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
            (written, revisions)
        });
    }
    let done = work.join_all().await;
    let written: u64 = done.iter().map(|(written, _)| written).sum();
    assert!(written >= 4 * 30, "whoever expects nothing is never refused: {written}");
    let mut revisions: Vec<u64> = done.into_iter().flat_map(|(_, revisions)| revisions).collect();
    let count = revisions.len();
    revisions.sort_unstable();
    revisions.dedup();
    assert_eq!(revisions.len(), count, "a revision was used twice");
    // Two that are always written together are never seen of different writes.
    let mut work = JoinSet::new();
    for task in 0..4usize {
        let store = nodes[task % 2].clone();
        work.spawn(async move {
            for round in 0..30 {
                let text = format!("{task}-{round}");
                let pair = ["x", "y"].map(|id| of(5, put(Kind::Account, id, &text, Expect::Any)));
                store.write_documents(pair.into()).await.unwrap();
                let both = store.documents_of(CustomerId(5.into()), vec![Kind::Account]).await.unwrap();
                assert_eq!((ids(&both), &both[0].body), (vec!["x", "y"], &both[1].body));
            }
        });
    }
    work.join_all().await;
}
