//! Finalized bills: how they are made, found and explained, and what becomes of them.

use crate::billing_support::{acme, plan};
use serde_json::{Value, json};

const ACME: &str = "/api/v1/customers/acme";

#[test]
fn a_bill_is_finalized_found_under_three_names_and_never_changes() {
    let app = acme();
    let open = app.open_bill("2026-09");
    assert_eq!(app.get(&open).ok()["status"], "open");
    let done = app.post(&format!("{open}/finalize"), json!({"force": false})).made();
    assert_eq!(done.get("credit_notes"), None);
    let bill = done["bill"].clone();
    assert_eq!((&bill["number"], &bill["total"]), (&json!("INV-000001"), &json!("8.00")));
    app.used("prompt", "acme", "2026-09-30T00:00:00Z", json!({"tokens": 40}));
    for name in [
        open.as_str(),
        "/api/v1/bills/INV-000001",
        &format!("/api/v1/bills/{}", bill["id"].as_str().unwrap()),
    ] {
        assert_eq!(app.get(name).ok(), bill, "{name}");
    }
    assert_eq!(app.get(&format!("{ACME}/bill?month=2026-09")).ok(), bill);
    app.post(&format!("{open}/finalize"), "").problem(
        409,
        "bill",
        "2026-09 of customer 7 is finalized already: bill INV-000001",
    );
    app.post("/api/v1/bills/INV-000001/finalize", "").problem(
        409,
        "bill",
        "bill INV-000001 is finalized already",
    );
    // What came late is on the next one.
    let next = app.get(&app.open_bill("2026-10")).ok();
    assert_eq!((&next["lines"][0]["kind"], &next["total"]), (&json!("adjustment"), &json!("2.00")));
}

#[test]
fn a_month_that_is_not_over_is_finalized_only_where_that_is_forced() {
    let app = acme();
    app.used("prompt", "acme", "2026-11-02T00:00:00Z", json!({"tokens": 1}));
    let november = format!("{}/finalize", app.open_bill("2026-11"));
    app.post(&november, "").problem(409, "bill", "2026-11 cannot be finalized before 2026-12-01T00:00:00Z");
    app.post(&november, json!({"force": "yes"})).invalid("force", "expected a boolean");
    app.post(&november, json!({"forced": true})).invalid("forced", "is not known here; ");
    let done = app.post(&november, json!({"force": true})).made();
    assert_eq!(done["bill"]["total"], "0.05");
    let october = format!("{}/finalize", app.open_bill("2026-10"));
    app.post(&october, "").problem(
        409,
        "bill",
        "nothing was to be billed to customer 7 for 2026-10 when 2026-11 was finalized (bill INV-000001)",
    );
    let fresh = acme();
    let august = format!("{}/finalize", fresh.open_bill("2026-08"));
    fresh.post(&august, "").problem(409, "bill", "nothing is to be billed to customer 7 for 2026-08");
    app.post("/api/v1/bills/acme-2026-10/finalize", "").problem(
        404,
        "not-found",
        "there is no open bill \"acme-2026-10\"",
    );
    let nobody = "/api/v1/bills/01ARZ3NDEKTSV4RRFFQ69G5FAV-2026-10";
    app.post(&format!("{nobody}/finalize"), "").problem(404, "customer-not-found", "no customer");
    app.get(nobody).problem(404, "customer-not-found", "no customer");
    app.get("/api/v1/bills/INV-000009").problem(404, "not-found", "there is no bill \"INV-000009\"");
}

#[test]
fn a_bill_is_paid_or_void_and_a_void_one_opens_its_month() {
    let app = acme();
    app.finalized("2026-09");
    let one = "/api/v1/bills/INV-000001";
    let void = app.post(&format!("{one}/void"), "").ok();
    assert_eq!(
        (&void["status"], &void["voided_at"]),
        (&json!("void"), &json!(crate::billing_support::TODAY))
    );
    assert_eq!(app.post(&format!("{one}/void"), "").ok(), void);
    app.post(&format!("{one}/pay"), "").problem(409, "bill", "INV-000001 is void and cannot be paid");
    let amount = json!({"amount": "1", "reason": "Outage"});
    app.post(&format!("{one}/credit-notes"), &amount).problem(409, "bill", "is void");
    assert_eq!(app.finalized("2026-09")["number"], "INV-000002");
    let two = "/api/v1/bills/INV-000002";
    let paid = app.post(&format!("{two}/pay"), "").ok();
    assert_eq!((&paid["status"], &app.get(two).ok()), (&json!("paid"), &paid));
    app.post(&format!("{two}/void"), "").problem(409, "bill", "is paid and cannot be voided");
    for verb in ["void", "pay", "verify"] {
        app.post(&format!("/api/v1/bills/none/{verb}"), "").problem(
            404,
            "not-found",
            "there is no bill \"none\"",
        );
    }
}

#[test]
fn a_credit_note_is_of_at_most_what_was_owed() {
    let app = acme();
    app.finalized("2026-09");
    let path = "/api/v1/bills/INV-000001/credit-notes";
    for (body, field, reason) in [
        (json!({"amount": "8.01", "reason": "Outage"}), "amount", "must be at most 8.00"),
        (json!({"amount": "0", "reason": "Outage"}), "amount", "not 0"),
        (json!({"amount": "-1", "reason": "Outage"}), "amount", "not -1"),
        (json!({"amount": "much", "reason": "Outage"}), "amount", "much"),
        (json!({"amount": "1", "reason": ""}), "reason", "1 to 1024"),
    ] {
        app.post(path, body).invalid(field, reason);
    }
    app.post(path, json!({"amount": "1"})).invalid("reason", "is missing");
    let note = app.post(path, json!({"amount": "3", "reason": "Outage"})).made();
    assert_eq!(
        (&note["number"], &note["amount"], &note["bill"]),
        (&json!("CN-000001"), &json!("3.00"), &json!("INV-000001"))
    );
    assert_eq!(app.get(&format!("{ACME}/credit-notes")).ok(), json!([note]));
    assert_eq!(app.get(&format!("{ACME}/credits")).ok()[0]["id"], note["grant"]);
    // The same request again, under its key, is the same note.
    let once = |key: &str, body: Value| {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        app.call("POST", path, &headers, body.to_string())
    };
    let second = once("n-2", json!({"amount": "1", "reason": "Outage"})).made();
    assert_eq!(second["number"], "CN-000002");
    assert_eq!(once("n-2", json!({"amount": "1", "reason": "Outage"})).made(), second);
    once("n-2", json!({"amount": "2", "reason": "Outage"})).problem(422, "idempotency-key", "n-2");
    assert_eq!(app.get(&format!("{ACME}/credit-notes")).ok(), json!([note, second]));
    app.post("/api/v1/bills/none/credit-notes", json!({"amount": "1", "reason": "x"})).problem(
        404,
        "not-found",
        "none",
    );
}

#[test]
fn a_bill_is_proven_and_its_lines_are_explained() {
    let app = acme();
    let open = app.get(&format!("{}/explain?line=Tokens&limit=1", app.open_bill("2026-09"))).ok();
    assert_eq!((open["events"].as_array().unwrap().len(), &open["total_events"]), (1, &json!(2)));
    let bill = app.finalized("2026-09");
    let proof = app.post("/api/v1/bills/INV-000001/verify", "").ok();
    assert_eq!((&proof["agrees"], &proof["recomputed_total"]), (&json!(true), &json!("8.00")));
    let key = bill["lines"][0]["key"].as_str().unwrap();
    let explained = app.get(&format!("/api/v1/bills/INV-000001/explain?line={key}")).ok();
    assert_eq!(explained["steps"], open["steps"]);
    assert_eq!(explained["steps"][0], "2 events come to 160 tokens");
    assert_eq!(explained["events"][1]["value"], "60");
    let explain = "/api/v1/bills/INV-000001/explain";
    app.get(explain).invalid("line", "is missing");
    app.get(&format!("{explain}?line=x&limit=10001")).invalid("limit", "0 to 10000");
    app.get(&format!("{explain}?line=x&limit=-1")).invalid("limit", "");
    app.get(&format!("{explain}?line=Tickets")).problem(404, "not-found", "there is no line \"Tickets\"");
}

#[test]
fn finalized_bills_are_listed_by_customer_month_and_page() {
    let app = acme();
    app.used("prompt", "acme", "2026-10-02T00:00:00Z", json!({"tokens": 1}));
    let (one, two) = (app.finalized("2026-09"), app.finalized("2026-10"));
    app.customer(json!({"number": 8, "name": "Bob", "key": "bob"}));
    let list = |query: &str| app.get(&format!("/api/v1/bills{query}")).ok();
    let page = |items: &[&Value]| json!({"items": items});
    for query in ["", "?customer=acme", "?customer=7&limit=3"] {
        assert_eq!(list(query), page(&[&one, &two]), "{query}");
    }
    assert_eq!(list("?customer=bob"), page(&[]));
    assert_eq!(list("?month=2026-10"), page(&[&two]));
    assert_eq!(list("?customer=acme&month=2026-09"), page(&[&one]));
    for of in ["", "customer=acme&"] {
        let first = list(&format!("?{of}limit=1"));
        assert_eq!((&first["items"], &first["next"]), (&json!([one]), &one["id"]));
        let rest = list(&format!("?{of}limit=2&after={}", one["id"].as_str().unwrap()));
        assert_eq!(rest, page(&[&two]));
    }
    for (query, field, reason) in [
        ("?month=2026", "month", "such as 2026-11"),
        ("?limit=0", "limit", "1 to 1000, not 0"),
        ("?limit=x", "limit", ""),
    ] {
        app.get(&format!("/api/v1/bills{query}")).invalid(field, reason);
    }
    app.get("/api/v1/bills?customer=none").problem(404, "customer-not-found", "none");
}

#[test]
fn a_run_bills_every_customer_once_page_by_page() {
    let app = acme();
    app.customer(json!({"number": 8, "name": "Bob", "key": "bob"}));
    let run = |body: Value| app.post("/api/v1/bill-runs", body).ok();
    let first = run(json!({"month": "2026-09", "limit": 1}));
    let bill = json!({"customer": 7, "number": "INV-000001", "total": "8.00", "currency": "USD"});
    assert_eq!(
        first,
        json!({"finalized": [bill], "already_finalized": 0, "nothing_to_bill": 0, "failed": [], "unpriced": [],
            "unpriced_customers": 0, "customers": 1, "total_customers": 2})
    );
    let second = run(json!({"month": "2026-09", "limit": 1, "offset": 1}));
    assert_eq!((&second["nothing_to_bill"], &second["customers"]), (&json!(1), &json!(1)));
    let again = run(json!({"month": "2026-09"}));
    assert_eq!((&again["finalized"], &again["already_finalized"]), (&json!([]), &json!(1)));
    let early = app.post("/api/v1/bill-runs", json!({"month": "2026-11"}));
    early.problem(409, "bill", "2026-11 cannot be finalized before");
    for (body, field, reason) in [
        (json!({"month": "2026-9"}), "month", "such as 2026-11"),
        (json!({"month": "2026-09", "limit": 0}), "limit", "1 to 1000"),
        (json!({"month": "2026-09", "limit": 1001}), "limit", "not 1001"),
        (json!({"month": "2026-09", "offset": -1}), "offset", "-1"),
        (json!({"month": "2026-09", "offset": 1_u64 << 63}), "offset", "not 9223372036854775808"),
        (json!({"month": "2026-09", "page": 1}), "page", "is not known here; "),
    ] {
        app.post("/api/v1/bill-runs", body).invalid(field, reason);
    }
}

#[test]
fn a_plan_is_tried_on_a_month_and_nothing_of_it_is_stored() {
    let app = acme();
    let mut new = plan("0.10");
    new["key"] = json!("new");
    for (body, difference) in [
        (json!({"plan": new, "instead_of": "pro", "month": "2026-09"}), "8.00"),
        (json!({"plan": new, "month": "2026-09"}), "8.00"),
        (json!({"plan": new, "instead_of": "pro", "month": "2026-09", "limit": 1, "offset": 0}), "8.00"),
        (json!({"plan": new, "instead_of": "pro", "month": "2026-09", "customer": "acme"}), "8.00"),
    ] {
        let page = app.post("/api/v1/simulations", body).ok();
        let one = &page["items"][0];
        assert_eq!(
            (&one["customer"]["number"], &one["difference"]),
            (&json!(7), &json!(difference)),
            "{page}"
        );
        assert_eq!(one["lines"][0]["service"], "Tokens");
    }
    app.get("/api/v1/plans/new").problem(404, "not-found", "new");
    let mut unknown = new.clone();
    unknown["versions"][0]["items"][0]["meter"] = json!("nothing");
    let mut currency = new.clone();
    currency["versions"][0]["currency"] = json!("USX");
    for (body, field, reason) in [
        (
            json!({"plan": unknown, "month": "2026-09"}),
            "plan.versions[0].items[0].meter",
            "there is no meter",
        ),
        (json!({"plan": currency, "month": "2026-09"}), "plan.versions[0].currency", "USX"),
        (json!({"plan": 5, "month": "2026-09"}), "plan", "object"),
        (json!({"plan": "pro", "month": "2026"}), "month", "such as 2026-11"),
        (json!({"plan": "pro"}), "month", "missing"),
        (json!({"plan": "pro", "month": "2026-09", "limit": 1001}), "limit", "not 1001"),
        (
            json!({"plan": "pro", "month": "2026-09", "offset": 1_u64 << 63}),
            "offset",
            "not 9223372036854775808",
        ),
        (json!({"plan": "pro", "month": "2026-09", "customers": 1}), "customers", "known are plan"),
    ] {
        app.post("/api/v1/simulations", body).invalid(field, reason);
    }
    for (body, field, reason) in [
        (json!({"plan": "none", "month": "2026-09"}), "plan", "there is no plan \"none\""),
        (
            json!({"plan": new, "instead_of": "none", "month": "2026-09"}),
            "instead_of",
            "there is no plan \"none\"",
        ),
        (
            json!({"plan": "pro", "customer": "none", "month": "2026-09"}),
            "customer",
            "there is no customer \"none\"",
        ),
    ] {
        app.post("/api/v1/simulations", body).invalid(field, reason);
    }
}

#[test]
fn a_bill_has_four_forms() {
    let app = acme();
    app.put("/api/v1/settings/billing", json!({"seller": {"name": "Example <Cloud>"}})).ok();
    app.finalized("2026-09");
    let page = ("text/html; charset=utf-8", "Example &#60;Cloud&#62;");
    let csv = ("text/csv; charset=utf-8; header=present", "INV-000001");
    let json = ("application/json", "\"INV-000001\"");
    for path in ["/api/v1/bills/INV-000001?", "/api/v1/customers/acme/bill?month=2026-09&"] {
        for (format, accept, (media_type, has)) in [
            ("", "", json),
            ("", "*/*", json),
            ("", "application/json, text/html;q=0.9", json),
            ("", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", page),
            ("", "text/csv", csv),
            ("", "text/html;q=0.5, text/csv", csv),
            ("format=json", "text/html", json),
            ("format=html", "", page),
            ("format=csv", "text/html", csv),
            ("format=focus", "", ("text/csv; charset=utf-8; header=present", "Example <Cloud>")),
        ] {
            let headers = [("accept", accept)];
            let answer = app.call("GET", &format!("{path}{format}"), &headers, "");
            assert_eq!(
                (answer.status, answer.header("content-type")),
                (200, Some(media_type)),
                "{format} {accept}"
            );
            assert!(answer.body.contains(has), "{format} {accept}: {}", answer.body);
            assert_eq!(answer.header("vary"), Some("accept"));
        }
        app.get(&format!("{path}format=pdf")).invalid("format", "not pdf");
    }
}
