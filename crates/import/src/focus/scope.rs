//! What an export covers: the rows of a provider, an account and a billing period. A re-issued export
//! replaces all of them.
//!
//! A row's scope is read from its event, so that rows of a file and events that were stored before are
//! told apart by one rule.

use super::time;
use usage_domain::time::Timestamp;
use usage_json::Value;

/// A provider, an account and a billing period.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    /// The source of the events: the provider.
    pub source: String,
    /// The billing account, or the sub-account where a row names none.
    pub account: String,
    /// The beginning of the billing period.
    pub period: Timestamp,
}

impl Scope {
    /// The scope of an imported event; `None` where it does not say its account or its period.
    #[must_use]
    pub fn of(source: &str, data: &str) -> Option<Scope> {
        let data = usage_json::object(data).ok()?;
        let text = |name: &str| match data.get(name) {
            Ok(Some(Value::Text(text))) => Some(text.into_owned()),
            _ => None,
        };
        Some(Scope {
            source: source.to_string(),
            account: text("billing_account_id").or_else(|| text("sub_account_id"))?,
            period: time::read(&text("billing_period_start")?).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_the_same_however_the_period_is_written() {
        let of = |data: &str| Scope::of("focus/AWS", data);
        let september = of(
            r#"{"billing_account_id":"9","sub_account_id":"1","billing_period_start":"2024-09-01 00:00:00"}"#,
        );
        assert_eq!(september.as_ref().unwrap().account, "9");
        for (data, same) in [
            (
                r#"{"billing_account_id":"9","sub_account_id":"2","billing_period_start":"2024-09-01T00:00:00Z"}"#,
                true,
            ),
            (r#"{"sub_account_id":"9","billing_period_start":"2024-09-01T00:00:00Z"}"#, true),
            (r#"{"billing_account_id":"8","billing_period_start":"2024-09-01T00:00:00Z"}"#, false),
            (r#"{"billing_account_id":"9","billing_period_start":"2024-10-01T00:00:00Z"}"#, false),
        ] {
            assert_eq!(of(data) == september, same, "{data}");
        }
        for data in [
            "",
            "[]",
            "{}",
            r#"{"billing_account_id":"9"}"#,
            r#"{"billing_account_id":"9","billing_period_start":"soon"}"#,
        ] {
            assert_eq!(of(data), None, "{data}");
        }
        assert_ne!(
            Scope::of("focus/OCI", r#"{"billing_account_id":"9","billing_period_start":"2024-09-01"}"#),
            september
        );
    }
}
