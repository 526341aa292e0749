//! YAML as JSON, and back.

use proptest::prelude::*;
use usage_yaml::{read, write};

const FILE: &str = "\
# What is charged.
plans:
  - key: pro
    name: 'Pro: the large one'
    rate: 0.10
    tiny: 1e-7
    on: yes
    since: 2026-11-01
    empty:
    tiers:
      - {up_to: 1000, unit_amount: \"0.50\"}
      - up_to: null
        unit_amount: 12345678901234567890.123456789012345678
  - key: free
    text: |
      two
      lines
";

#[test]
fn numbers_keep_their_digits_and_nothing_else_becomes_one() {
    let json = read(FILE).unwrap().json().to_string();
    assert_eq!(
        json,
        "{\"plans\":[{\"key\":\"pro\",\"name\":\"Pro: the large one\",\"rate\":0.10,\"tiny\":1e-7,\"on\":\"yes\",\
         \"since\":\"2026-11-01\",\"empty\":null,\"tiers\":[{\"up_to\":1000,\"unit_amount\":\"0.50\"},\
         {\"up_to\":null,\"unit_amount\":12345678901234567890.123456789012345678}]},\
         {\"key\":\"free\",\"text\":\"two\\nlines\\n\"}]}"
    );
    for (yaml, json) in [
        ("007", "\"007\""),
        ("0x1F", "\"0x1F\""),
        ("1_000", "\"1_000\""),
        (".5", "\".5\""),
        ("+1", "\"+1\""),
        (".inf", "\".inf\""),
        ("-1.50E+2", "-1.50E+2"),
        ("- 1", "[1]"),
        ("-", "[null]"),
        ("'1'", "\"1\""),
        ("", "null"),
        ("~", "null"),
        ("TRUE", "true"),
        ("1,2", "\"1,2\""),
        ("1 2", "\"1 2\""),
        ("{\"a\": [1.10, \"\\u00e9\", true]}", "{\"a\":[1.10,\"é\",true]}"),
    ] {
        assert_eq!(read(yaml).unwrap().json(), json, "{yaml}");
    }
}

#[test]
fn every_value_has_its_line() {
    let document = read(FILE).unwrap();
    for (path, line) in [
        ("plans", 2),
        ("plans[0]", 3),
        ("plans[0].key", 3),
        ("plans[0].rate", 5),
        ("plans[0].empty", 9),
        ("plans[0].tiers[0].unit_amount", 11),
        ("plans[0].tiers[1].unit_amount", 13),
        ("plans[1]", 14),
        // What is not there is where it would have been.
        ("plans[1].versions", 14),
        ("plans[0].tiers[0].cap.amount", 11),
        ("customers[3].key", 2),
    ] {
        assert_eq!(document.line(path), line, "{path}");
    }
}

#[test]
fn what_could_be_understood_in_two_ways_is_refused_with_its_line() {
    let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    for (yaml, said) in [
        ("a: 1\nb: 2\na: 3\n", "line 3, column 1: the key \"a\" stands twice"),
        (
            "a: &x 1\n",
            "line 1, column 4: anchors (&name) are not read here: write the value out where it is used",
        ),
        ("a: !!str 1\n", "line 1, column 4: tags (!name) are not read here: a text is told by its quotes"),
        ("~: 1\n", "line 1, column 1: a key must be a text"),
        ("? [a]\n: 1\n", "line 1, column 3: a key must be a text"),
        ("a: 1\n---\nb: 2\n", "line 2, column 1: there is a second document; a file has one"),
        (&deep, "line 1, column 33: nested deeper than 32 levels"),
    ] {
        assert_eq!(read(yaml).unwrap_err().to_string(), said, "{yaml}");
    }
    for (yaml, line) in [("a: [1\n", 2), ("a:\n\tb: 1\n", 2), ("a: 'x\n", 1), ("a: b: c\n", 1)] {
        let error = read(yaml).unwrap_err();
        assert_eq!(error.line, line, "{yaml}: {error}");
    }
}

#[test]
fn what_is_written_is_made_for_people() {
    let yaml = write(read(FILE).unwrap().json()).unwrap();
    let shown = "\
plans:
  - key: pro
    name: \"Pro: the large one\"
    rate: 0.10
    tiny: 1e-7
    \"on\": \"yes\"
    since: \"2026-11-01\"
    empty: null
    tiers:
      - {up_to: 1000, unit_amount: \"0.50\"}
      - {up_to: null, unit_amount: 12345678901234567890.123456789012345678}
  - {key: free, text: \"two\\nlines\\n\"}
";
    assert_eq!(
        yaml,
        shown.replace(
            "      - {up_to: null, unit_amount: 12345678901234567890.123456789012345678}\n",
            "      - up_to: null\n        unit_amount: 12345678901234567890.123456789012345678\n"
        )
    );
    for json in ["{} {}", "{\"a\"}", "", "[1", "1, 2"] {
        assert!(write(json).is_err(), "{json}");
    }
}

/// Any JSON, with numbers and texts that readers of YAML are known to mistake.
fn json() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        ".{0,12}",
        "[ \\n\\r\\t:#,{}&*!|>'\"%@`?-]{0,6}",
        prop::sample::select(vec![
            "yes",
            "1",
            "1.0",
            "~",
            "null",
            "-",
            "- a",
            "a: b",
            "a #b",
            "2026-11-01",
            "\u{85}",
            "\u{2028}",
            "\u{feff}",
            "\u{7f}",
            "---",
            "...",
            " a",
            "a ",
            "é",
        ])
        .prop_map(str::to_string),
    ];
    let quoted = text.prop_map(|text| serde_json::Value::from(text).to_string()).boxed();
    let number =
        prop::sample::select(vec!["0", "-1", "0.10", "1e-7", "1E+400", "123456789012345678901234567890"]);
    let word = prop::sample::select(vec!["null", "true", "false"]);
    let scalar = prop_oneof![3 => quoted.clone(), 1 => number.prop_map(str::to_string), 1 => word.prop_map(str::to_string)];
    scalar.prop_recursive(4, 24, 4, move |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4).prop_map(|all| format!("[{}]", all.join(",")));
        let members = prop::collection::btree_map(quoted.clone(), inner, 0..4).prop_map(|all| {
            let all: Vec<String> = all.into_iter().map(|(key, value)| format!("{key}:{value}")).collect();
            format!("{{{}}}", all.join(","))
        });
        prop_oneof![list, members]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn json_is_the_same_after_yaml(json in json()) {
        let yaml = write(&json).unwrap();
        let back = read(&yaml);
        prop_assert_eq!(back.as_ref().map(|document| document.json()), Ok(json.as_str()), "{}", yaml);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[ \\n\\t:#,{}\\[\\]&*!|>'\"%@`?a1.-]{0,40}") {
        if let Ok(document) = read(&text) {
            let whole = format!("[{}]", document.json());
            prop_assert!(usage_json::array(&whole).is_ok(), "{:?} became {}", text, document.json());
        }
    }
}
