//! Subjects: what is known about them, and who pays for them when.

use crate::support::{NOW, Setup, at, customer};
use usage_domain::customer::CustomerDraft;
use usage_domain::subject::{Edit, Subject, SubjectDraft, SubjectId};
use usage_domain::time::{Period, Timestamp};
use usage_store::StoreError;

const LATER: &str = "2026-11-23T10:00:00Z";

fn draft(id: u128, key: &str, name: Edit<String>, metadata: Edit<String>) -> (SubjectId, SubjectDraft) {
    (SubjectId(id.into()), SubjectDraft { key: key.to_string(), display_name: name, metadata })
}

fn set(text: &str) -> Edit<String> {
    Edit::Set(Some(text.to_string()))
}

fn subject(id: u128, key: &str, texts: [Option<&str>; 2], times: [&str; 2]) -> Subject {
    let [display_name, metadata] = texts.map(|text| text.map(str::to_string));
    let [created_at, updated_at] = times.map(at);
    Subject { id: SubjectId(id.into()), key: key.to_string(), display_name, metadata, created_at, updated_at }
}

pub(crate) async fn what_is_known_about_a_subject_changes_in_part_and_is_there_after_reopening(
    setup: &impl Setup,
) {
    let store = setup.open();
    let made = vec![draft(1, "web", set("Web"), set("{}")), draft(2, "api", Edit::Keep, Edit::Keep)];
    let made = store.upsert_subjects(made, at(NOW)).await.unwrap();
    let web = subject(1, "web", [Some("Web"), Some("{}")], [NOW, NOW]);
    let api = subject(2, "api", [None, None], [NOW, NOW]);
    assert_eq!(made, [web, api.clone()]);
    // A subject that is known keeps its id.
    let changed = vec![draft(3, "web", Edit::Keep, Edit::Set(None))];
    let changed = store.upsert_subjects(changed, at(LATER)).await.unwrap();
    let web = subject(1, "web", [Some("Web"), None], [NOW, LATER]);
    assert_eq!(changed, std::slice::from_ref(&web));
    store.close().await.unwrap();
    drop(store);

    let store = setup.open();
    assert_eq!(store.subjects().await.unwrap(), [api, web.clone()]);
    for name in ["web".to_string(), web.id.to_string()] {
        assert_eq!(store.subject(&name).await.unwrap().as_ref(), Some(&web));
    }
    assert_eq!(store.subject("nobody").await.unwrap(), None);
}

pub(crate) async fn subjects_that_cannot_all_be_kept_are_kept_not_at_all(setup: &impl Setup) {
    let store = setup.open();
    store.upsert_subjects(vec![draft(1, "web", Edit::Keep, Edit::Keep)], at(NOW)).await.unwrap();
    let mixed = vec![draft(2, "api", Edit::Keep, Edit::Keep), draft(1, "other", Edit::Keep, Edit::Keep)];
    let refused = store.upsert_subjects(mixed, at(NOW)).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    let keys: Vec<String> = store.subjects().await.unwrap().into_iter().map(|subject| subject.key).collect();
    assert_eq!(keys, ["web"]);
    // A key that looks like another subject's id goes first.
    let id = SubjectId(1.into());
    store.upsert_subjects(vec![draft(5, &id.to_string(), Edit::Keep, Edit::Keep)], at(NOW)).await.unwrap();
    assert_eq!(store.subject(&id.to_string()).await.unwrap().unwrap().id, SubjectId(5.into()));
    store.delete_subject(id).await.unwrap();
    assert!(matches!(store.delete_subject(id).await, Err(StoreError::NoSubject)));
    assert_eq!(store.subject("web").await.unwrap(), None);
}

pub(crate) async fn payers_of_subjects_are_given_with_their_times(setup: &impl Setup) {
    let store = setup.open();
    let pays = |subjects: &[&str]| {
        let subjects: Vec<String> = subjects.iter().map(|subject| subject.to_string()).collect();
        move |draft: &mut CustomerDraft| draft.subjects = subjects
    };
    let first = customer(&*store, 1, pays(&["web", "api"])).await;
    let mut without = CustomerDraft::named("First");
    without.subjects = vec!["api".to_string()];
    store.update_customer(first.id, without, at(NOW)).await.unwrap();
    let mut with = CustomerDraft::named("Second");
    with.subjects = vec!["web".to_string()];
    let second = store.create_customer(usage_domain::customer::CustomerId(2.into()), with, at(LATER)).await;
    let second = second.unwrap();
    let asked = ["web", "api", "nobody"].map(str::to_string).to_vec();
    let period = |start, end| Period { start, end };
    assert_eq!(
        store.payers(asked.clone()).await.unwrap(),
        [
            vec![(period(Timestamp::MIN, at(NOW)), first.id), (period(at(LATER), Timestamp::MAX), second.id),],
            vec![(Period::ALWAYS, first.id)],
            vec![],
        ]
    );
    store.delete_customer(first.id, at(LATER)).await.unwrap();
    let payers = store.payers(asked).await.unwrap();
    assert_eq!(payers[0], [(period(at(LATER), Timestamp::MAX), second.id)]);
    assert!(payers[1].is_empty(), "{payers:?}");
}
