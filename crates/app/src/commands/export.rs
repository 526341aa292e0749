//! `export`: all stored events, page by page, so that memory does not grow with the log; and the catalog.

use crate::args::{self, Args, ExportCatalog, ExportEvents, ExportFormat, ExportWhat};
use crate::catalog::{SCHEMA, file};
use crate::failure::Failure;
use crate::gateway::{Gateway, Missing, open};
use crate::output;
use crate::output::{counted, progress};
use serde_json::json;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use usage_api::event::log::LoggedEvent;

/// Columns of a table: the attributes that every event has, its data, all its other attributes as a JSON
/// object, and when it came.
const COLUMNS: [&str; 9] =
    ["id", "source", "type", "subject", "time", "data", "attributes", "ingested_at", "stored_at"];
/// What is in front of the position in a progress that cannot know how many events pass.
const TITLE: &str = "Exporting";

pub(crate) fn run(args: &Args, asked: &args::Export) -> Result<(), Failure> {
    match &asked.what {
        ExportWhat::Events(asked) => events(args, asked),
        ExportWhat::Catalog(asked) => catalog(args, asked),
        ExportWhat::Bills(asked) => super::export_bills::run(args, asked),
    }
}

fn catalog(args: &Args, asked: &ExportCatalog) -> Result<(), Failure> {
    if asked.schema {
        return output::write(SCHEMA);
    }
    let gateway = open(args, Missing::Refuse)?;
    let json = gateway.catalog();
    gateway.close()?;
    let json = json?;
    let text = if args.json { format!("{json}\n") } else { file(&json)? };
    match &asked.output {
        None => output::write(&text),
        Some(path) => fs::write(path, text)
            .map_err(|error| Failure::operation(format!("cannot write {}: {error}", path.display()))),
    }
}

fn events(args: &Args, asked: &ExportEvents) -> Result<(), Failure> {
    let gateway = open(args, Missing::Refuse)?;
    let written = match &asked.output {
        None => to_standard_output(&*gateway, asked),
        Some(path) => to_file(args, &*gateway, asked, path),
    };
    gateway.close()?;
    written
}

/// A reader that has seen enough (`| head`) is no failure.
fn to_standard_output(gateway: &dyn Gateway, asked: &ExportEvents) -> Result<(), Failure> {
    match export(gateway, asked, io::stdout().lock()) {
        Err(Stopped::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(Stopped::Output(error)) => Err(Failure::operation(format!("cannot write the output: {error}"))),
        Err(Stopped::Reading(failure)) => Err(failure),
        Ok(_) => Ok(()),
    }
}

/// Writes a file beside the one that is meant, and gives it its name once it is whole.
fn to_file(args: &Args, gateway: &dyn Gateway, asked: &ExportEvents, path: &Path) -> Result<(), Failure> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let failed = |error: &io::Error| Failure::operation(format!("cannot write {}: {error}", path.display()));
    let file = File::create(&part).map_err(|error| failed(&error))?;
    let written = export(gateway, asked, &file).and_then(|events| {
        file.sync_all().and_then(|()| fs::rename(&part, path)).map_err(Stopped::Output)?;
        Ok(events)
    });
    let events = written.map_err(|stopped| {
        let _ = fs::remove_file(&part);
        match stopped {
            Stopped::Output(error) => failed(&error),
            Stopped::Reading(failure) => failure,
        }
    })?;
    let text = format!("Exported {} to {}.", counted(events, "event"), path.display());
    output::either(args.json, &json!({"events": events, "file": path}), &text)
}

/// Why an export ended early.
enum Stopped {
    Output(io::Error),
    Reading(Failure),
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Stopped {
        Stopped::Output(error)
    }
}

/// Writes all events that are asked for; gives how many.
fn export(gateway: &dyn Gateway, asked: &ExportEvents, out: impl Write) -> Result<u64, Stopped> {
    let mut writer = Writer::new(asked.format, BufWriter::new(out))?;
    let filters =
        [("from", &asked.from), ("to", &asked.to), ("subject", &asked.subject), ("type", &asked.event_type)];
    let filters: Vec<(&str, &str)> =
        filters.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect();
    let bar = progress::spinner(TITLE);
    let (mut after, mut until): (Option<String>, Option<String>) = (None, None);
    let mut events = 0;
    loop {
        let mut query = filters.clone();
        query.extend(after.as_deref().map(|after| ("after", after)));
        query.extend(until.as_deref().map(|until| ("until", until)));
        let page = gateway.event_log(&query).map_err(Stopped::Reading)?;
        for event in &page.events {
            writer.write(event)?;
        }
        events += page.events.len() as u64;
        bar.set_message(format!("{TITLE}: {}", counted(events, "event")));
        until = Some(page.until);
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    writer.finish()?;
    bar.finish_and_clear();
    Ok(events)
}

/// Writes events in one of the formats.
enum Writer<W: Write> {
    Lines(W),
    Array { out: W, any: bool },
    Table(Box<csv::Writer<W>>),
}

impl<W: Write> Writer<W> {
    fn new(format: ExportFormat, mut out: W) -> io::Result<Writer<W>> {
        Ok(match format {
            ExportFormat::Ndjson => Writer::Lines(out),
            ExportFormat::Json => {
                out.write_all(b"[")?;
                Writer::Array { out, any: false }
            }
            ExportFormat::Csv => {
                let mut table = csv::Writer::from_writer(out);
                table.write_record(COLUMNS)?;
                Writer::Table(Box::new(table))
            }
        })
    }

    fn write(&mut self, logged: &LoggedEvent) -> Result<(), Stopped> {
        match self {
            Writer::Lines(out) => {
                out.write_all(one_line(logged.event.get()).as_bytes())?;
                out.write_all(b"\n")?;
            }
            Writer::Array { out, any } => {
                out.write_all(if *any { b",\n" } else { b"\n" })?;
                *any = true;
                out.write_all(logged.event.get().as_bytes())?;
            }
            Writer::Table(table) => {
                let unreadable =
                    |error| Failure::operation(format!("a stored event is no JSON object: {error}"));
                let row = row(logged).map_err(|error| Stopped::Reading(unreadable(error)))?;
                table.write_record(row).map_err(io::Error::from)?;
            }
        }
        Ok(())
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Writer::Lines(mut out) => out.flush(),
            Writer::Array { mut out, .. } => {
                out.write_all(b"\n]\n")?;
                out.flush()
            }
            Writer::Table(mut table) => table.flush(),
        }
    }
}

/// Data keeps the white space that it was sent with. Within texts JSON has no line breaks, so that those
/// that are there mean nothing.
fn one_line(json: &str) -> std::borrow::Cow<'_, str> {
    if json.contains(['\n', '\r']) { json.replace(['\n', '\r'], " ").into() } else { json.into() }
}

/// The cells of an event.
fn row(logged: &LoggedEvent) -> Result<Vec<String>, serde_json::Error> {
    let mut attributes: BTreeMap<String, &RawValue> = serde_json::from_str(logged.event.get())?;
    attributes.remove("specversion");
    let mut cells = Vec::with_capacity(COLUMNS.len());
    for name in &COLUMNS[..5] {
        cells
            .push(attributes.remove(*name).map_or(Ok(String::new()), |raw| serde_json::from_str(raw.get()))?);
    }
    cells.push(attributes.remove("data").map_or_else(String::new, |raw| raw.get().to_string()));
    cells.push(if attributes.is_empty() { String::new() } else { serde_json::to_string(&attributes)? });
    cells.extend([logged.ingested_at.clone(), logged.stored_at.clone()]);
    Ok(cells)
}
