//! Billing: what goes out, and what each answer becomes.

use crate::stub::{Answer, Stub};
use usage_client::usage_api::bill::{
    BillRunRequest, CreditNoteInput, FinalizeRequest, PlanOrKey, SimulationRequest,
};
use usage_client::usage_api::grant::GrantInput;
use usage_client::usage_api::subscription::{SubscriptionEnd, SubscriptionInput};
use usage_client::{ClientError, UsageAPIClient};

const CUSTOMER: &str = r#"{"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","number":7,"key":"acme","name":"Acme","currency":"USD",
"timezone":"UTC","usageAttribution":{"subjectKeys":["acme"]},"createdAt":"2026-11-01T00:00:00Z",
"updatedAt":"2026-11-01T00:00:00Z"}"#;
const BILL: &str = r#"{"customer":{"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","number":7,"key":"acme","name":"Acme"},
"month":"2026-10","from":"2026-10-01T00:00:00Z","to":"2026-11-01T00:00:00Z","time_zone":"UTC","status":"paid",
"id":"01ARZ3NDEKTSV4RRFFQ69G5FAW","number":"INV-000001","currency":"USD","lines":[],"subtotal":"8.00","total":"8.00",
"exact_total":"8","total_formatted":"$8.00","position":"12"}"#;
const SUBSCRIPTION: &str = r#"{"id":"01ARZ3NDEKTSV4RRFFQ69G5FAX","customer":"01ARZ3NDEKTSV4RRFFQ69G5FAV","plan":"pro",
"start":"2026-11-01T00:00:00Z","overrides":{"base":{"model":"flat","amount":"39"}},"created_at":"2026-11-01T00:00:00Z"}"#;
const GRANT: &str = r#"{"id":"01ARZ3NDEKTSV4RRFFQ69G5FAY","customer":"01ARZ3NDEKTSV4RRFFQ69G5FAV","name":"Gift",
"amount":"20","currency":"USD","priority":0,"effective_at":"2026-11-01T00:00:00Z","created_at":"2026-11-01T00:00:00Z",
"balance":"12","entries":[{"at":"2026-11-01T00:00:00Z","kind":"granted","amount":"20"},
{"at":"2026-11-02T00:00:00Z","kind":"drawn","bill":"01ARZ3NDEKTSV4RRFFQ69G5FAW","amount":"-8"}]}"#;
const PROOF: &str = r#"{"number":"INV-000001","agrees":false,"total":"8.00","recomputed_total":"7.00","position":"12",
"differences":["total: the bill has 8.00, and the log comes to 7.00"]}"#;
const PAGE: &str = r#"{"items":[],"customers":1,"total_customers":1}"#;
const RUN: &str = r#"{"finalized":[{"customer":7,"number":"INV-000001","total":"8.00","currency":"USD"}],
"already_finalized":0,"nothing_to_bill":0,"failed":[],"customers":1,"total_customers":1}"#;

fn lines(stub: &Stub) -> Vec<(String, String)> {
    let line = |line: &str| line.trim_end_matches(" HTTP/1.1").to_string();
    stub.asked().iter().map(|asked| (line(&asked.line), asked.body.clone())).collect()
}

#[test]
fn a_month_is_finalized_by_the_customers_id_whatever_it_was_called() {
    let finalized: &str = Box::leak(format!("{{\"bill\":{BILL}}}").into_boxed_str());
    let stub = Stub::new([Answer::Body(200, CUSTOMER), Answer::Body(201, finalized)]);
    let client = UsageAPIClient::new(&stub.url).unwrap();
    let done = client.finalize_bill("key:acme", "2026-10", &FinalizeRequest { force: true }).unwrap();
    assert_eq!((done.bill.number.as_deref(), done.credit_notes.len()), (Some("INV-000001"), 0));
    let path = "POST /api/v1/bills/01ARZ3NDEKTSV4RRFFQ69G5FAV-2026-10/finalize";
    let asked = lines(&stub);
    assert_eq!(asked[0].0, "GET /api/v1/customers/key:acme");
    assert_eq!(asked[1], (path.to_string(), r#"{"force":true}"#.to_string()));
}

#[test]
fn finalized_bills_are_asked_for_by_number() {
    let stub = Stub::new([BILL, BILL, BILL, PROOF].map(|body| Answer::Body(200, body)));
    let client = UsageAPIClient::new(&stub.url).unwrap();
    let bill = client.bill_by_id("EC/1").unwrap();
    assert_eq!(client.void_bill("EC/1").unwrap(), bill);
    assert_eq!(client.pay_bill("EC/1").unwrap(), bill);
    let proof = client.verify_bill("EC/1").unwrap();
    assert_eq!((proof.agrees, proof.differences.len()), (false, 1));
    let paths: Vec<String> = lines(&stub).into_iter().map(|(line, _)| line).collect();
    let verb = |verb: &str| format!("POST /api/v1/bills/EC%2F1/{verb}");
    assert_eq!(paths, ["GET /api/v1/bills/EC%2F1".to_string(), verb("void"), verb("pay"), verb("verify")]);
    assert!(matches!(client.void_bill(""), Err(ClientError::Validation(_))));
    assert_eq!(lines(&stub).len(), 4, "nothing was sent for no bill");
}

#[test]
fn what_is_agreed_with_a_customer_is_sent_and_read() {
    let stub = Stub::new([
        Answer::Body(201, SUBSCRIPTION),
        Answer::Body(200, SUBSCRIPTION),
        Answer::Body(201, GRANT),
        Answer::Body(200, r#"{"items":[]}"#),
        Answer::Body(200, RUN),
        Answer::Body(200, PAGE),
    ]);
    let client = UsageAPIClient::new(&stub.url).unwrap();
    let input = SubscriptionInput {
        plan: "pro".into(),
        version: None,
        start: Some("2026-11-01".into()),
        end: None,
        trial_end: None,
        overrides: [].into(),
    };
    let made = client.subscribe("acme", &input).unwrap();
    assert_eq!(made.overrides["base"].amount.as_deref(), Some("39"));
    client.end_subscription(7, &made.id, &SubscriptionEnd { at: None }).unwrap();
    let gift = GrantInput {
        name: "Gift".into(),
        amount: "20".into(),
        currency: None,
        priority: None,
        effective_at: None,
        expires_at: None,
    };
    let grant = client.grant_credit("acme", &gift).unwrap();
    assert_eq!((grant.balance.as_str(), grant.entries[1].kind.as_str()), ("12", "drawn"));
    assert_eq!(client.bills(&[("month", "2026-10"), ("after", "a b")]).unwrap().items, []);
    let run = BillRunRequest { month: "2026-10".into(), offset: 0, limit: Some(1000), force: false };
    assert_eq!(client.run_bills(&run).unwrap().finalized[0].number, "INV-000001");
    let simulation = SimulationRequest {
        plan: PlanOrKey::Key("pro".into()),
        instead_of: None,
        month: "2026-10".into(),
        customer: None,
        offset: None,
        limit: None,
    };
    assert_eq!(client.simulate(&simulation).unwrap().customers, 1);
    let asked = lines(&stub);
    let sent = |line: &str, body: &str| (line.to_string(), body.to_string());
    let ended = "POST /api/v1/customers/number:7/subscriptions/01ARZ3NDEKTSV4RRFFQ69G5FAX/end";
    let run = r#"{"month":"2026-10","offset":0,"limit":1000,"force":false}"#;
    assert_eq!(
        asked,
        [
            sent("POST /api/v1/customers/acme/subscriptions", r#"{"plan":"pro","start":"2026-11-01"}"#),
            sent(ended, "{}"),
            sent("POST /api/v1/customers/acme/credits", r#"{"name":"Gift","amount":"20"}"#),
            sent("GET /api/v1/bills?month=2026-10&after=a%20b", ""),
            sent("POST /api/v1/bill-runs", run),
            sent("POST /api/v1/simulations", r#"{"plan":"pro","month":"2026-10"}"#),
        ]
    );
}

#[test]
fn what_is_refused_is_an_error_with_its_reason() {
    let problem = r#"{"type":"/problems/bill","title":"Conflict","status":409,"detail":"bill INV-000001 is void","instance":"/"}"#;
    let stub = Stub::new([Answer::Body(409, problem)]);
    let client = UsageAPIClient::new(&stub.url).unwrap();
    let note = CreditNoteInput { amount: "1".into(), reason: "Outage".into() };
    let error = client.create_credit_note("INV-000001", &note).unwrap_err();
    assert_eq!(error.to_string(), "409: bill INV-000001 is void");
}
