//! Figures with what they mean, for people and for programs.

use super::drive::Timing;
use super::machine::Machine;
use super::meters::Checked;
use crate::output::table::Table;
use serde::Serialize;
use std::fmt::Write;

/// A measured figure.
#[derive(Serialize)]
pub(super) struct Figure {
    /// What was measured, such as `ingest`.
    name: &'static str,
    /// Which of its figures, such as `rate`.
    figure: String,
    value: f64,
    unit: &'static str,
    /// How it was measured.
    method: String,
}

/// How the load was made; the same again makes the same load.
#[derive(Serialize)]
pub(super) struct Settings {
    pub(super) service: String,
    pub(super) optimized: bool,
    pub(super) events: u64,
    pub(super) batch: u64,
    pub(super) connections: u64,
    pub(super) ids: String,
    pub(super) times: String,
    /// Repeats among a million events.
    pub(super) duplicates_per_million: u64,
    pub(super) customers: u64,
    pub(super) customers_as_customers: bool,
    pub(super) meters: usize,
    pub(super) queries: u32,
    pub(super) seed: u64,
}

/// What was sent, and whether the service says the same.
#[derive(Serialize)]
pub(super) struct Sent {
    pub(super) events: u64,
    pub(super) repeats: u64,
    /// What each meter should have counted, and what it has.
    pub(super) meters: Vec<Checked>,
}

/// All of a run.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) machine: Machine,
    pub(super) settings: Settings,
    pub(super) figures: Vec<Figure>,
    /// Events a second in the first tenth of the requests, the second, and so on.
    pub(super) tenths: Vec<f64>,
    pub(super) sent: Option<Sent>,
    /// What whoever reads the figures has to know.
    pub(super) notes: Vec<String>,
}

impl Report {
    pub(super) fn new(settings: Settings) -> Report {
        let machine = Machine::this();
        Report { machine, settings, figures: Vec::new(), tenths: Vec::new(), sent: None, notes: Vec::new() }
    }

    pub(super) fn add(
        &mut self,
        name: &'static str,
        figure: impl Into<String>,
        value: f64,
        unit: &'static str,
        method: impl Into<String>,
    ) {
        self.figures.push(Figure { name, figure: figure.into(), value, unit, method: method.into() });
    }

    /// Adds latencies of requests, in milliseconds.
    pub(super) fn add_latencies(&mut self, name: &'static str, timing: &Timing, method: &str) {
        for (figure, part) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)] {
            self.add(name, figure, timing.percentile(part), "ms", method);
        }
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Whether some meter counted something else than what was sent.
    pub(super) fn disagrees(&self) -> bool {
        let mut meters = self.sent.iter().flat_map(|sent| &sent.meters);
        meters.any(|meter| !meter.agrees)
    }

    /// The report for people.
    pub(super) fn text(&self) -> String {
        let settings = &self.settings;
        let mut text = format!("{}; the load generator runs on them too\n", self.machine.line());
        let _ = writeln!(text, "{}, seed {}\n", settings.service, settings.seed);
        let mut table = Table::new(&[("Measured", false), ("", false), ("", true), ("", false)]);
        let mut last = "";
        for figure in &self.figures {
            let name = if figure.name == last { "" } else { figure.name };
            last = figure.name;
            let cells =
                [name.to_string(), figure.figure.clone(), shown(figure.value), figure.unit.to_string()];
            table.row(cells.to_vec());
        }
        let _ = write!(text, "{table}");
        if !self.tenths.is_empty() {
            let tenths: Vec<String> = self.tenths.iter().map(|rate| shown(*rate)).collect();
            let _ = write!(text, "\n\nevents/s in each tenth of the run: {}", tenths.join("  "));
        }
        if let Some(sent) = &self.sent {
            let _ = write!(text, "\n\n{}", sent.text());
        }
        for note in &self.notes {
            let _ = write!(text, "\nnote: {note}");
        }
        text
    }
}

impl Sent {
    fn text(&self) -> String {
        let mut text = format!("{} events sent, {} of them repeats", whole(self.events), whole(self.repeats));
        for Checked { meter, sent, counted, agrees } in &self.meters {
            let verdict = if *agrees { "agrees, group by group" } else { "DOES NOT AGREE" };
            let _ = write!(text, "\n{meter}: sent {sent}, counted {counted}: {verdict}");
        }
        text
    }
}

/// Three or four significant digits, thousands apart.
fn shown(value: f64) -> String {
    match value {
        _ if value < 1.0 => format!("{value:.3}"),
        _ if value < 100.0 => format!("{value:.2}"),
        _ => whole(value.round() as u64),
    }
}

fn whole(number: u64) -> String {
    let digits = number.to_string();
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
        let cases = [
            (0.12345, "0.123"),
            (7.0, "7.00"),
            (123.4, "123"),
            (1000.0, "1,000"),
            (1_234_567.8, "1,234,568"),
        ];
        for (value, text) in cases {
            assert_eq!(shown(value), text);
        }
    }
}
