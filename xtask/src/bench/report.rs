//! Figures with their methods, for people and for programs.

use crate::Result;
use serde_json::{Value, json};

/// A measured figure.
struct Figure {
    /// What was measured, such as `ingest`.
    name: String,
    /// Which of its figures, such as `rate`.
    what: String,
    value: f64,
    unit: String,
    /// How it was measured.
    method: String,
}

/// All figures of a run.
#[derive(Default)]
pub(super) struct Report {
    figures: Vec<Figure>,
    /// What the figures depend on most, as `usage_app bench` says it.
    pub(super) machine: Option<Value>,
}

impl Report {
    pub(super) fn add(
        &mut self,
        name: &str,
        what: impl Into<String>,
        value: f64,
        unit: &str,
        method: impl Into<String>,
    ) {
        let (name, unit) = (name.to_string(), unit.to_string());
        self.figures.push(Figure { name, what: what.into(), value, unit, method: method.into() });
    }

    /// The figure, where this machine could give it.
    pub(super) fn add_known(&mut self, name: &str, what: &str, value: Option<f64>, unit: &str, method: &str) {
        if let Some(value) = value {
            self.add(name, what, value, unit, method);
        }
    }

    /// Adds the figures that a program reported, under a name in front of theirs. The machine's limits
    /// are in one report only.
    pub(super) fn add_reported(&mut self, name: &str, reported: &Value) -> Result<()> {
        for figure in reported["figures"].as_array().ok_or("no figures were reported")? {
            let text = |key: &str| figure[key].as_str().ok_or("a figure that was reported is not whole");
            if (text("name")? == "limits") != (name == "limits") {
                continue;
            }
            let value = figure["value"].as_f64().ok_or("a figure that was reported has no value")?;
            let own =
                if text("name")? == name { name.to_string() } else { format!("{name}, {}", text("name")?) };
            self.add(&own, text("figure")?, value, text("unit")?, text("method")?);
        }
        Ok(())
    }

    pub(super) fn print(&self, as_json: bool) -> Result<()> {
        if as_json {
            let figures: Vec<_> = self.figures.iter().map(Figure::json).collect();
            let report = json!({"machine": self.machine, "figures": figures});
            println!("{}", serde_json::to_string_pretty(&report)?);
            return Ok(());
        }
        let machine = self.machine.as_ref().unwrap_or(&Value::Null);
        let text = |key: &str| machine[key].as_str().unwrap_or("unknown");
        println!("{} cores of {}; the load generator runs on them too\n", machine["cores"], text("model"));
        let width = self.figures.iter().map(|figure| figure.title().len()).max().unwrap_or(0);
        for figure in &self.figures {
            println!("{:width$}  {:>12} {}", figure.title(), shown(figure.value), figure.unit);
            println!("{:width$}    {}", "", figure.method);
        }
        Ok(())
    }
}

impl Figure {
    fn title(&self) -> String {
        format!("{}: {}", self.name, self.what)
    }

    fn json(&self) -> serde_json::Value {
        json!({"name": self.name, "figure": self.what, "value": self.value, "unit": self.unit, "method": self.method})
    }
}

/// Three or four significant digits, thousands apart.
fn shown(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.*}", if value < 1.0 { 3 } else { 2 });
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn figures_are_short_and_readable() {
        let cases =
            [(0.12345, "0.123"), (7.0, "7.00"), (123.4, "123"), (1000.0, "1,000"), (1234567.8, "1,234,568")];
        for (value, text) in cases {
            assert_eq!(shown(value), text);
        }
    }
}
