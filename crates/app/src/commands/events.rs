//! `events`: stored usage events, newest first.

use crate::args::{self, Args};
use crate::failure::Failure;
use crate::gateway::{Missing, open};
use crate::output;
use crate::output::table::Table;
use serde_json::Value;

pub(crate) fn run(args: &Args, asked: &args::Events) -> Result<(), Failure> {
    let limit = asked.limit.to_string();
    let mut query = vec![("limit", limit.as_str())];
    let optional = [
        ("customerId", &asked.customer),
        ("subject", &asked.subject),
        ("from", &asked.from),
        ("to", &asked.to),
    ];
    query.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))));
    let listing = open(args, Missing::Refuse)?.events(&query)?;
    if args.json {
        return output::write(&format!("{listing}\n"));
    }
    let events: Vec<Value> = serde_json::from_str(&listing)
        .map_err(|error| Failure::network(format!("the service's answer: {error}")))?;
    if events.is_empty() {
        return output::write("There are no such events.\n");
    }
    let mut table =
        Table::new(&[("Time", false), ("Subject", false), ("Type", false), ("Id", false), ("Data", false)]);
    for listed in &events {
        let text = |name: &str| listed["event"][name].as_str().unwrap_or_default().to_string();
        let data = match (listed["validationError"].as_str(), listed["event"].get("data")) {
            (Some(error), _) => format!("! {error}"),
            (None, Some(data)) => clipped(&data.to_string()),
            (None, None) => String::new(),
        };
        table.row(vec![text("time"), text("subject"), text("type"), text("id"), data]);
    }
    output::write(&format!("{table}\n"))
}

fn clipped(text: &str) -> String {
    const MOST: usize = 72;
    if text.chars().count() <= MOST {
        return text.to_string();
    }
    text.chars().take(MOST - 1).chain(['…']).collect()
}
