//! What a service says of everything that was sent, as one text for each customer and question, so that two
//! services can be compared letter by letter.

use super::batches::{MONTH, SUBJECTS};
use crate::Result;
use crate::load::http::{Connection, get, post};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// The meter of the events that carry no price.
const METER: &str = "used";

/// By question.
pub(super) type Answers = BTreeMap<String, String>;

/// Makes the customers and the meter.
pub(super) fn prepare(address: SocketAddr) -> Result<()> {
    let mut connection = Connection::open(address)?;
    for subject in 0..SUBJECTS {
        let body = json!({"name": format!("Customer {subject}"), "key": format!("s-{subject}")});
        connection.ask(&json_post("/api/v1/customers", &body))?.expect(201)?;
    }
    let meter = json!({
        "slug": METER, "aggregation": "SUM", "eventType": "usage", "valueProperty": "$.value",
        "groupBy": {"model": "$.model"}
    });
    connection.ask(&json_post("/api/v1/meters", &meter))?.expect(201)?;
    Ok(())
}

/// Asks everything.
pub(super) fn ask(address: SocketAddr) -> Result<Answers> {
    let mut connection = Connection::open(address)?;
    let mut answers = Answers::new();
    for subject in 0..SUBJECTS {
        let bill = read(&mut connection, &format!("/api/v1/customers/key:s-{subject}/bill?month={MONTH}"))?;
        let parts = ["total", "exact_total", "lines", "other_currencies"].map(|part| bill[part].clone());
        answers.insert(format!("the bill of s-{subject}"), Value::from(parts.to_vec()).to_string());
    }
    for question in ["", "windowSize=DAY", "windowSize=HOUR", "groupBy=model&groupBy=subject"] {
        let usage = read(&mut connection, &format!("/api/v1/meters/{METER}/query?{question}"))?;
        answers.insert(format!("usage by {question:?}"), usage["data"].to_string());
    }
    Ok(answers)
}

/// The first question to which the answers differ, with both.
pub(super) fn difference(expected: &Answers, said: &Answers) -> Option<String> {
    let differs = |(question, expected): (&String, &String)| {
        let said = said.get(question).map_or("nothing", String::as_str);
        (said != expected).then(|| format!("{question}:\n  {said}\nand the folder says\n  {expected}"))
    };
    expected.iter().find_map(differs)
}

fn read(connection: &mut Connection, path: &str) -> Result<Value> {
    Ok(serde_json::from_slice(&connection.ask(&get(path))?.expect(200)?.body)?)
}

fn json_post(path: &str, body: &Value) -> Vec<u8> {
    post(path, "application/json", body.to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_that_differs_or_is_missing_is_told() {
        let answers = |pairs: &[(&str, &str)]| -> Answers {
            pairs.iter().map(|(question, said)| (question.to_string(), said.to_string())).collect()
        };
        let expected = answers(&[("a", "1"), ("b", "2")]);
        assert_eq!(difference(&expected, &expected), None);
        let wrong = difference(&expected, &answers(&[("a", "1"), ("b", "3")])).unwrap();
        assert_eq!(wrong, "b:\n  3\nand the folder says\n  2");
        assert!(difference(&expected, &answers(&[("a", "1")])).unwrap().contains("nothing"));
    }
}
