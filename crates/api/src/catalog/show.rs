//! Changes as people read them.

use super::compare::FieldChange;
use super::diff::{Changes, Kind};
use serde_json::Value;
use std::fmt;

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Settings => "settings",
            Kind::Meter => "meter",
            Kind::Tax => "tax",
            Kind::Coupon => "coupon",
            Kind::Plan => "plan",
            Kind::Customer => "customer",
        })
    }
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match (&self.was, &self.becomes) {
            (Some(from), Some(to)) => write!(f, "{}: {} → {}", self.field, shown(from), shown(to)),
            (None, Some(to)) => write!(f, "{}: + {}", self.field, shown(to)),
            (Some(from), None) => write!(f, "{}: - {}", self.field, shown(from)),
            (None, None) => f.write_str(&self.field),
        }
    }
}

impl fmt::Display for Changes {
    /// A line for each thing, `+` where it is new and `~` where it changes, with its fields below.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for change in &self.changes {
            let sign = if change.created { '+' } else { '~' };
            writeln!(f, "{sign} {}", change.name())?;
            for field in &change.fields {
                writeln!(f, "    {field}")?;
            }
        }
        let created = self.changes.iter().filter(|change| change.created).count();
        let changed = self.changes.len() - created;
        write!(f, "{created} new, {changed} changed, {} as they are", self.unchanged)
    }
}
