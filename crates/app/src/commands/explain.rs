//! `explain`: how a line of a bill came about, from events to what is owed.

use crate::args::{Args, Explain};
use crate::failure::Failure;
use crate::gateway::{Missing, open};
use crate::output;
use crate::output::table::{Table, plain};
use std::fmt::Write;
use usage_api::bill::{Bill, Explanation, Line};

pub(crate) fn run(args: &Args, asked: &Explain) -> Result<(), Failure> {
    let gateway = open(args, Missing::Refuse)?;
    let bill = gateway.bill(&asked.customer, asked.month.as_deref())?;
    let name = asked.line.as_str();
    let Some(line) = bill.lines.iter().find(|line| line.key == name || line.service == name) else {
        return Err(no_line(&bill, name));
    };
    let id = bill.id.as_deref().unwrap_or_default();
    let explanation = gateway.explain(id, &line.key, asked.events.into())?;
    if args.json {
        return output::json(&explanation);
    }
    output::write(&text(&bill, &explanation))
}

fn no_line(bill: &Bill, name: &str) -> Failure {
    let what = format!("the bill of {} for {} has no line {name:?}", bill.customer.name, bill.month);
    let names: Vec<String> = bill.lines.iter().map(|line| format!("{:?}", line.service)).collect();
    Failure::operation(what).next(match names.is_empty() {
        true => "It has no lines at all.".to_string(),
        false => format!("It has {}.", names.join(", ")),
    })
}

fn text(bill: &Bill, explanation: &Explanation) -> String {
    let Explanation { line, steps, events, total_events, position, .. } = explanation;
    let mut text = format!("{}: {} {}\n", plain(&line.service), line.total, bill.currency);
    let named = match &bill.number {
        Some(number) => format!("bill {number} ({})", bill.status),
        None => "the open bill".to_string(),
    };
    let _ = writeln!(text, "On {named} of {} for {}", plain(&bill.customer.name), bill.month);
    let _ = writeln!(text, "From {} to {}{}\n", line.from, line.to, origin(line));
    text.push_str("How it came about\n");
    for (at, step) in steps.iter().enumerate() {
        let _ = writeln!(text, "  {}. {}", at + 1, plain(step));
    }
    if *total_events == 0 {
        return text;
    }
    if events.is_empty() {
        let _ =
            writeln!(text, "\n{} behind it; --events {total_events} shows them.", counted_are(*total_events));
        return text;
    }
    let _ = writeln!(text, "\nThe events behind it, as they count at log position {position}, oldest first");
    let columns = [("Time", false), ("Subject", false), ("Source", false), ("Id", false), ("Value", true)];
    let mut table = Table::new(&columns);
    for event in events {
        let cells = [&event.time, &event.subject, &event.source, &event.id, &event.value];
        table.row(cells.map(ToString::to_string).to_vec());
    }
    let _ = writeln!(text, "{table}");
    let more = total_events.saturating_sub(events.len() as u64);
    if more > 0 {
        let _ = writeln!(text, "and {more} more; --events {total_events} shows them all.");
    }
    text
}

fn counted_are(events: u64) -> String {
    if events == 1 { "1 event is".to_string() } else { format!("{events} events are") }
}

/// What the line is of.
fn origin(line: &Line) -> String {
    if let Some(of) = &line.adjusts {
        return match &of.bill {
            Some(bill) => format!(", for what changed in {} after its bill {bill}", of.month),
            None => format!(", for what came late of {}, which had no bill", of.month),
        };
    }
    line.plan.as_ref().map(|of| format!(", by plan {} version {}", of.plan, of.version)).unwrap_or_default()
}
