//! Errors: every one is a problem of one shape.

use crate::support::Service;
use axum::body::Body;

#[test]
fn an_unknown_path_is_a_problem_with_that_path() {
    let app = Service::start();
    for path in ["/nothing", "/api", "/api/v1/customers/", "/api/v1/customers/1/bill/", "/api/v1/a%2Fb", "//"]
    {
        app.get(path).problem(404, "not-found", "there is nothing under this path");
    }
    let answer = app.get("/nothing?q=1");
    assert_eq!(answer.json()["instance"], "/nothing");
    assert_eq!(
        answer.body,
        r#"{"type":"/problems/not-found","title":"Not Found","status":404,"detail":"there is nothing under this path; see /docs","instance":"/nothing"}"#
    );
}

#[test]
fn a_method_that_a_path_has_not_is_a_problem_that_names_those_it_has() {
    let app = Service::start();
    for (method, path, allowed) in [
        ("GET", "/api/v1/usage/create/", &["POST"][..]),
        ("PUT", "/api/v1/events", &["GET", "HEAD", "POST"]),
        ("PATCH", "/api/v1/customers/1", &["DELETE", "GET", "HEAD", "PUT"]),
        ("POST", "/healthz", &["GET", "HEAD"]),
        ("TRACE", "/docs", &["GET", "HEAD"]),
    ] {
        let answer = app.call(method, path, &[], Body::empty());
        let mut named: Vec<&str> = answer.header("allow").unwrap().split(',').map(str::trim).collect();
        named.sort_unstable();
        assert_eq!(named, allowed, "{method} {path}");
        answer.problem(405, "method-not-allowed", "this path has other methods");
    }
}

#[test]
fn the_head_of_an_answer_has_its_status_and_type_but_no_body() {
    let app = Service::with_alice_and_bob();
    for (path, status, media_type) in [
        ("/healthz", 200, "application/json"),
        ("/readyz", 200, "application/json"),
        ("/openapi.json", 200, "application/json"),
        ("/docs", 200, "text/html; charset=utf-8"),
        ("/api/v1/customers/456/bill", 200, "application/json"),
        ("/api/v1/customers/999/bill", 404, "application/problem+json"),
        ("/api/v1/events?limit=0", 400, "application/problem+json"),
        ("/nothing", 404, "application/problem+json"),
        ("/api/v1/usage/create/", 405, "application/problem+json"),
    ] {
        let answer = app.call("HEAD", path, &[], Body::empty());
        assert_eq!((answer.status, answer.body.as_str()), (status, ""), "{path}");
        assert_eq!(answer.header("content-type"), Some(media_type), "{path}");
    }
}

#[test]
fn pages_and_health_answer() {
    let app = Service::with_alice_and_bob();
    app.get("/healthz").expect(200, r#"{"status":"ok"}"#);
    app.get("/readyz").expect(200, r#"{"position":"3","status":"ready"}"#);
    let home = app.get("/");
    assert_eq!((home.status, home.header("location")), (307, Some("/docs")));
    let verified = app.call("POST", "/api/v1/store/verify", &[], Body::empty()).ok();
    assert_eq!((&verified["ok"], &verified["events"]), (&true.into(), &3.into()));
    let rebuilt = app.call("POST", "/api/v1/store/rebuild", &[], Body::empty()).ok();
    assert_eq!(rebuilt["position"], "3");
}
