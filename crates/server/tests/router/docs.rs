//! `/docs`: the page for people.

use crate::support::Service;
use axum::body::Body;
use serde_json::json;

#[test]
fn the_page_of_the_documentation_needs_nothing_from_elsewhere() {
    let app = Service::start();
    let page = app.get("/docs");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    for elsewhere in ["http://", "https://", "src=\"//", "@import", "url("] {
        for line in page.body.lines().filter(|line| line.contains(elsewhere)) {
            assert!(line.contains("http://localhost:8000"), "{line}");
        }
    }
    assert!(page.body.contains("fetch(\"/openapi.json\")"));
}

#[test]
fn the_examples_of_the_page_work_with_the_sample() {
    let app = Service::with_alice_and_bob();
    let page = app.get("/docs").body;
    let examples: Vec<&str> =
        page.split("<pre class=\"curl\">").skip(1).map(|rest| rest.split("</pre>").next().unwrap()).collect();
    let mut answers = Vec::new();
    for example in examples {
        let address = example.split_whitespace().find(|word| word.starts_with("http")).unwrap();
        let path = address.strip_prefix("http://localhost:8000").unwrap();
        answers.push(match example.split_once("-d '") {
            None => app.get(path),
            Some((before, data)) => {
                let media_type = before.split_once("Content-Type: ").unwrap().1.split('\'').next().unwrap();
                let data = data.strip_suffix('\'').unwrap().to_string();
                app.call("POST", path, &[("content-type", media_type)], Body::from(data))
            }
        });
    }
    let [bill, posting, sent] = answers.try_into().unwrap();
    assert_eq!(bill.ok()["total"], "16.61");
    assert_eq!((posting.status, &posting.json()["accumulated_price"]), (201, &json!("16.61")));
    sent.expect(204, "");
    let lines = &app.get("/api/v1/customers/456/bill").ok()["lines"];
    assert_eq!((&lines[0]["service"], &lines[0]["amount"]), (&json!("GPU"), &json!("2.50")));
}
