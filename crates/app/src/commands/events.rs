//! `events`: stored usage events, newest first.

use crate::args::{self, Args};
use crate::failure::Failure;
use crate::gateway::{Missing, open};
use crate::output;
use crate::output::table::Table;
use serde::Deserialize;
use serde_json::value::RawValue;

/// What is shown of a listed event; the digits of its data as they are.
#[derive(Deserialize)]
struct Listed<'a> {
    #[serde(borrow)]
    event: Shown<'a>,
    #[serde(rename = "validationError")]
    validation_error: Option<String>,
}

#[derive(Deserialize)]
struct Shown<'a> {
    time: String,
    subject: String,
    #[serde(rename = "type")]
    event_type: String,
    id: String,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

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
    let events: Vec<Listed<'_>> = serde_json::from_str(&listing)
        .map_err(|error| Failure::network(format!("the service's answer: {error}")))?;
    if events.is_empty() {
        return output::write("There are no such events.\n");
    }
    let mut table =
        Table::new(&[("Time", false), ("Subject", false), ("Type", false), ("Id", false), ("Data", false)]);
    for listed in &events {
        let event = &listed.event;
        let data = match (&listed.validation_error, event.data) {
            (Some(error), _) => format!("! {error}"),
            (None, Some(data)) => clipped(data.get()),
            (None, None) => String::new(),
        };
        let attributes = [&event.time, &event.subject, &event.event_type, &event.id];
        table.row(attributes.into_iter().map(ToString::to_string).chain([data]).collect());
    }
    output::write(&format!("{table}\n"))
}

/// The beginning of a text, on one line.
fn clipped(text: &str) -> String {
    const MOST: usize = 72;
    let text = text.replace(['\n', '\r', '\t'], " ");
    if text.chars().count() <= MOST {
        return text;
    }
    text.chars().take(MOST - 1).chain(['…']).collect()
}
