//! Moments with a zone, as files write them: RFC 3339, and what is left out of it.

use usage_domain::time::{TimeError, Timestamp};

/// Reads RFC 3339, also without seconds, and with `+05` or `+0530` for the offset, as databases write it.
pub(crate) fn read(text: &str) -> Result<Timestamp, TimeError> {
    text.parse().or_else(|_| completed(text).parse())
}

/// The same with seconds and a whole offset.
fn completed(text: &str) -> String {
    let mut whole = text.to_string();
    if !text.is_ascii() {
        return whole;
    }
    if matches!(text.as_bytes().get(16), Some(b'Z' | b'z' | b'+' | b'-')) {
        whole.insert_str(16, ":00");
    }
    if let Some(sign) = whole.rfind(['+', '-']).filter(|sign| *sign >= 19) {
        match whole.len() - sign {
            3 => whole.push_str(":00"),
            5 => whole.insert(sign + 3, ':'),
            _ => {}
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_files_leave_out_of_a_time_is_filled_in_and_nothing_else() {
        let whole = "2025-03-06T08:00:00Z";
        for (text, expected) in [
            ("2025-03-06T08:00:00Z", Some(whole)),
            ("2025-03-06T08:00Z", Some(whole)),
            ("2025-03-06 08:00:00+00", Some(whole)),
            ("2025-03-06 08:00:00.250-05", Some("2025-03-06T13:00:00.25Z")),
            ("2025-03-06T08:00+0530", Some("2025-03-06T02:30:00Z")),
            ("2025-03-06T08:00:00+053", None),
            ("2025-03-06T08:00:00+24", None),
            ("20250306T080000Z", None),
            ("2025-03-06T08:00:00é", None),
        ] {
            assert_eq!(read(text).ok().map(|time| time.to_string()).as_deref(), expected, "{text}");
        }
    }
}
