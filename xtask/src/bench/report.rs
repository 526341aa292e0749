//! Figures with their methods, for people and for programs.

use super::machine::Machine;
use crate::Result;
use serde_json::json;

/// A measured figure.
struct Figure {
    /// What was measured, such as `ingest`.
    name: &'static str,
    /// Which of its figures, such as `rate`.
    what: String,
    value: f64,
    unit: &'static str,
    /// How it was measured.
    method: String,
}

/// All figures of a run.
#[derive(Default)]
pub(super) struct Report(Vec<Figure>);

impl Report {
    pub(super) fn add(
        &mut self,
        name: &'static str,
        what: impl Into<String>,
        value: f64,
        unit: &'static str,
        method: impl Into<String>,
    ) {
        self.0.push(Figure { name, what: what.into(), value, unit, method: method.into() });
    }

    /// The figure, where this machine could give it.
    pub(super) fn add_known(
        &mut self,
        name: &'static str,
        what: &str,
        value: Option<f64>,
        unit: &'static str,
        method: &str,
    ) {
        if let Some(value) = value {
            self.add(name, what, value, unit, method);
        }
    }

    pub(super) fn print(&self, machine: &Machine, as_json: bool) -> Result<()> {
        if as_json {
            let figures: Vec<_> = self.0.iter().map(Figure::json).collect();
            let report = json!({"machine": machine.json(), "figures": figures});
            println!("{}", serde_json::to_string_pretty(&report)?);
            return Ok(());
        }
        println!("{}; the load generator runs on them too\n", machine.line());
        let width = self.0.iter().map(|figure| figure.title().len()).max().unwrap_or(0);
        for figure in &self.0 {
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
