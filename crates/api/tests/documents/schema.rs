//! The JSON Schema that editors are given says what the reader of catalogs takes, and nothing else.

use crate::catalogs::catalog;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use std::collections::BTreeSet;
use usage_api::catalog::text;

const SCHEMA: &str = include_str!("../../../../docs/catalog.schema.json");

/// What the checker below does not look at.
const OTHER_WORDS: [&str; 17] = [
    "$schema",
    "$defs",
    "title",
    "description",
    "pattern",
    "examples",
    "default",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "maxProperties",
    "uniqueItems",
    "format",
    "$comment",
];

/// Checks values against the schema, and notes which of its properties they have.
struct Checker {
    schema: Value,
    seen: BTreeSet<String>,
}

impl Checker {
    fn new() -> Checker {
        Checker { schema: serde_json::from_str(SCHEMA).unwrap(), seen: BTreeSet::new() }
    }

    fn check(&mut self, json: &str) -> Result<(), String> {
        let schema = self.schema.clone();
        self.value(&schema, "", &serde_json::from_str(json).unwrap())
    }

    fn value(&mut self, schema: &Value, at: &str, value: &Value) -> Result<(), String> {
        if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            let name = name.strip_prefix("#/$defs/").unwrap();
            let inner = self.schema["$defs"][name].clone();
            assert!(inner.is_object(), "{name} is defined");
            return self.value(&inner, name, value);
        }
        for (word, rule) in schema.as_object().unwrap() {
            self.word(word, rule, (schema, at), value).map_err(|error| format!("{at}: {error}"))?;
        }
        Ok(())
    }

    fn word(
        &mut self,
        word: &str,
        rule: &Value,
        (schema, at): (&Value, &str),
        value: &Value,
    ) -> Result<(), String> {
        let wrong = || Err(format!("{word} {rule} is not {value}"));
        match word {
            "type" => {
                let is = match value {
                    Value::Null => "null",
                    Value::Bool(_) => "boolean",
                    Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
                    Value::Number(_) => "number",
                    Value::String(_) => "string",
                    Value::Array(_) => "array",
                    Value::Object(_) => "object",
                };
                let fits = |kind: &Value| kind == is || (kind == "number" && is == "integer");
                let kinds = rule.as_array().cloned().unwrap_or_else(|| vec![rule.clone()]);
                if kinds.iter().any(fits) { Ok(()) } else { wrong() }
            }
            "properties" | "additionalProperties" if !value.is_object() => Ok(()),
            "properties" => {
                for (name, rule) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        let path = format!("{at}/{name}");
                        self.seen.insert(path.clone());
                        self.value(rule, &path, value)?;
                    }
                }
                Ok(())
            }
            "additionalProperties" => {
                for (name, value) in value.as_object().unwrap() {
                    if schema["properties"].get(name).is_none() {
                        match rule {
                            Value::Bool(false) => return Err(format!("{name} is not known")),
                            rule => self.value(rule, at, value)?,
                        }
                    }
                }
                Ok(())
            }
            "required" => {
                let lacks = |name: &Value| value.is_object() && value.get(name.as_str().unwrap()).is_none();
                if rule.as_array().unwrap().iter().any(lacks) { wrong() } else { Ok(()) }
            }
            "items" => {
                value.as_array().into_iter().flatten().try_for_each(|element| self.value(rule, at, element))
            }
            "enum" => {
                if rule.as_array().unwrap().contains(value) {
                    Ok(())
                } else {
                    wrong()
                }
            }
            "const" => {
                if rule == value {
                    Ok(())
                } else {
                    wrong()
                }
            }
            "oneOf" | "anyOf" => {
                let mut fitting = 0;
                for (index, rule) in rule.as_array().unwrap().iter().enumerate() {
                    let seen = self.seen.clone();
                    let path = format!("{at}({index})");
                    if self.value(rule, &path, value).is_ok() {
                        fitting += 1;
                    } else {
                        self.seen = seen;
                    }
                }
                if fitting == 1 || (word == "anyOf" && fitting > 1) { Ok(()) } else { wrong() }
            }
            other if OTHER_WORDS.contains(&other) => Ok(()),
            other => panic!("the checker does not know {other}"),
        }
    }

    /// All properties of the schema, as `seen` names them.
    fn all(&self, schema: &Value, at: &str, all: &mut BTreeSet<String>) {
        let Some(words) = schema.as_object() else { return };
        for (name, rule) in words.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let path = format!("{at}/{name}");
            self.all(rule, &path, all);
            all.insert(path);
        }
        for word in ["items", "additionalProperties"] {
            self.all(schema.get(word).unwrap_or(&Value::Null), at, all);
        }
        for word in ["oneOf", "anyOf"] {
            for (index, rule) in schema.get(word).and_then(Value::as_array).into_iter().flatten().enumerate()
            {
                self.all(rule, &format!("{at}({index})"), all);
            }
        }
        for (name, rule) in words.get("$defs").and_then(Value::as_object).into_iter().flatten() {
            self.all(rule, name, all);
        }
    }
}

#[test]
fn every_property_of_the_schema_is_one_that_catalogs_have() {
    let (mut runner, mut checker) = (TestRunner::deterministic(), Checker::new());
    for _ in 0..600 {
        let json = text(&catalog().new_tree(&mut runner).unwrap().current());
        checker.check(&json).unwrap_or_else(|error| panic!("{error} in {json}"));
    }
    let mut all = BTreeSet::new();
    checker.all(&checker.schema, "", &mut all);
    let never: Vec<_> = all.difference(&checker.seen).collect();
    assert!(never.is_empty(), "never written: {never:?}");
    assert!(all.len() > 150, "{}", all.len());
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let plan = |item: &str| {
        format!(
            r#"{{"plans": [{{"key": "p", "name": "P", "versions": [
                {{"effective_from": "2026-11-01", "currency": "USD", "items": [{item}]}}]}}]}}"#
        )
    };
    let fee = r#"{"key": "f", "name": "F", "price": {"model": "flat", "amount": 5}}"#;
    for (json, right) in [
        (plan(fee), true),
        (plan(&fee.replace("\"amount\"", "\"amnt\"")), false),
        (plan(&fee.replace("flat", "flatt")), false),
        (plan(&fee.replace("5}", "[]}")), false),
        (plan(&fee.replace("\"name\": \"F\", ", "")), false),
        (plan(&fee.replace("5}", "5, \"tiers\": []}")), false),
        (r#"{"taxes": [{"key": "v", "name": "V", "rate": 0.1, "inklusive": true}]}"#.to_string(), false),
        (r#"{"coupons": [{"key": "c", "name": "C"}]}"#.to_string(), false),
        (r#"{"customers": [{"name": "C"}]}"#.to_string(), false),
        (
            r#"{"customers": [{"name": "C", "number": 5, "coupons": ["a", {"coupon": "b"}]}]}"#.to_string(),
            true,
        ),
        (r#"{"plan": []}"#.to_string(), false),
    ] {
        assert_eq!(Checker::new().check(&json).is_ok(), right, "{json}");
        assert_eq!(usage_api::catalog::read(&json).is_ok(), right, "{json}");
    }
}
