//! What serde says of a value that does not fit, in words for people who know JSON and not Rust.

/// What is wrong with a field that is not there.
pub(super) const MISSING: &str = "is missing";

/// The field that is missing or unknown, if one is; and the reason.
pub(super) fn plain(said: &str) -> (Option<&str>, String) {
    // Where in the text it is says less than the field does.
    let said = said.rsplit_once(" at line ").map_or(said, |(said, _)| said);
    if let Some(name) = quoted(said, "missing field ") {
        return (Some(name), MISSING.to_string());
    }
    if let Some(name) = quoted(said, "unknown field ") {
        let known =
            expected(said).map_or_else(|| "there is none".to_string(), |known| format!("known are {known}"));
        return (Some(name), format!("is not known here; {known}"));
    }
    match (quoted(said, "unknown variant "), expected(said)) {
        (Some(given), Some(known)) => (None, format!("must be one of {known}, not {given}")),
        _ => (None, said.to_string()),
    }
}

/// What stands in backticks behind these words.
fn quoted<'a>(said: &'a str, words: &str) -> Option<&'a str> {
    said.strip_prefix(words)?.strip_prefix('`')?.split_once('`').map(|(name, _)| name)
}

/// What is expected, without backticks.
fn expected(said: &str) -> Option<String> {
    let (_, list) = said.split_once(", expected ")?;
    Some(list.trim_start_matches("one of ").replace('`', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_serde_says_is_said_in_other_words() {
        for (said, field, reason) in [
            ("missing field `month` at line 1 column 2", Some("month"), "is missing"),
            ("missing field `line`", Some("line"), "is missing"),
            ("unknown field `a`, expected `b`", Some("a"), "is not known here; known are b"),
            ("unknown field `a`, expected `b` or `c`", Some("a"), "is not known here; known are b or c"),
            (
                "unknown field `a`, expected one of `b`, `c`, `d` at line 2 column 3",
                Some("a"),
                "is not known here; known are b, c, d",
            ),
            ("unknown field `a`, there are no fields", Some("a"), "is not known here; there is none"),
            (
                "unknown variant `pdf`, expected one of `json`, `html`",
                None,
                "must be one of json, html, not pdf",
            ),
            (
                "invalid type: null, expected a string at line 1 column 9",
                None,
                "invalid type: null, expected a string",
            ),
        ] {
            assert_eq!(plain(said), (field, reason.to_string()), "{said}");
        }
    }
}
