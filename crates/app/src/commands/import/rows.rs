//! What imports of rows share: bad rows, which are shown and set aside, and storing the good ones.

use crate::failure::Failure;
use crate::gateway::Gateway;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use usage_api::event::VerdictKind;
use usage_domain::event::UsageEvent;
use usage_import::tabular::{BadRow, BadRows};

/// Events that are stored at a time.
const PART: usize = 5000;
/// Bad rows that are shown.
const SHOWN: usize = 10;

/// Where the bad rows of a file go.
pub(super) fn bad_rows_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".bad.csv");
    PathBuf::from(name)
}

/// The bad rows of a file: counted, the first of them kept to be shown, all of them set aside where
/// that is asked for.
pub(super) struct Bad {
    pub(super) count: u64,
    shown: Vec<BadRow>,
    target: Option<PathBuf>,
    writer: Option<BadRows<BufWriter<File>>>,
}

impl Bad {
    pub(super) fn new(target: Option<PathBuf>) -> Bad {
        Bad { count: 0, shown: Vec::new(), target, writer: None }
    }

    pub(super) fn add(&mut self, bad: BadRow, columns: &[String]) -> Result<(), Failure> {
        if let Some(path) = &self.target {
            let failed = |error| unwritable(path, &error);
            let writer = match &mut self.writer {
                Some(writer) => writer,
                None => {
                    let file = BufWriter::new(File::create(path).map_err(failed)?);
                    self.writer.insert(BadRows::new(file, columns).map_err(failed)?)
                }
            };
            writer.write(&bad).map_err(failed)?;
        }
        self.count += 1;
        if self.shown.len() < SHOWN {
            self.shown.push(bad);
        }
        Ok(())
    }

    /// Leaves no file of bad rows behind: the file that they are of cannot be imported at all.
    pub(super) fn discard(&mut self) {
        if let (Some(writer), Some(path)) = (self.writer.take(), &self.target) {
            drop(writer);
            // What cannot be removed is not what stopped the import.
            let _ = std::fs::remove_file(path);
        }
    }

    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        match (self.writer.take(), &self.target) {
            (Some(writer), Some(path)) => writer.finish().map_err(|error| unwritable(path, &error)),
            _ => Ok(()),
        }
    }

    /// That the file is refused for its bad rows, where there are some that were not set aside.
    pub(super) fn refuse(&self, file: &Path) -> Result<(), Failure> {
        if self.count == 0 || self.target.is_some() {
            return Ok(());
        }
        let shown: Vec<String> = self.shown.iter().map(|bad| format!("\n  {bad}")).collect();
        let more = match self.count - self.shown.len() as u64 {
            0 => String::new(),
            n => format!("\n  and {n} more"),
        };
        let (count, name) = (self.count, file.display());
        let rows = if count == 1 { "row" } else { "rows" };
        Err(Failure::operation(format!(
            "{count} bad {rows} in {name}, so nothing of it was stored:{}{more}",
            shown.join("")
        ))
        .next(format!(
            "Mend them, or import the others with --skip-bad-rows; the bad ones then go to {name}.bad.csv."
        )))
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::operation(format!("cannot write {}: {error}", path.display()))
}

/// What became of rows.
#[derive(Debug, Default)]
pub(super) struct Stored {
    pub(super) accepted: u64,
    pub(super) duplicate: u64,
    pub(super) conflict: u64,
    /// The line of the first row that is stored already with other content.
    pub(super) first_conflict: Option<u64>,
}

/// Stores rows in parts.
pub(super) struct Storing<'a> {
    gateway: &'a dyn Gateway,
    part: Vec<UsageEvent>,
    lines: Vec<u64>,
    pub(super) stored: Stored,
}

impl<'a> Storing<'a> {
    pub(super) fn new(gateway: &'a dyn Gateway) -> Storing<'a> {
        Storing {
            gateway,
            part: Vec::with_capacity(PART),
            lines: Vec::with_capacity(PART),
            stored: Stored::default(),
        }
    }

    pub(super) fn add(&mut self, line: u64, event: UsageEvent) -> Result<(), Failure> {
        self.part.push(event);
        self.lines.push(line);
        if self.part.len() == PART { self.send() } else { Ok(()) }
    }

    pub(super) fn finish(mut self) -> Result<Stored, Failure> {
        self.send()?;
        Ok(self.stored)
    }

    fn send(&mut self) -> Result<(), Failure> {
        let report = self.gateway.ingest(std::mem::take(&mut self.part)).map_err(|failure| {
            failure.next(format!(
                "{} rows were stored before; run the import again, none counts twice.",
                self.stored.accepted + self.stored.duplicate
            ))
        })?;
        let mut verdicts = report.verdicts.iter().zip(&self.lines);
        if let Some((rejected, line)) = verdicts.find(|(verdict, _)| verdict.verdict == VerdictKind::Rejected)
        {
            let reason = rejected.reason.as_deref().unwrap_or("no reason was given");
            return Err(Failure::operation(format!("line {line}: the store refused its event: {reason}"))
                .next("Good rows before it, and some after it, are stored; run the import again, none counts twice."));
        }
        self.stored.accepted += report.accepted;
        self.stored.duplicate += report.duplicate;
        self.stored.conflict += report.conflict;
        if self.stored.first_conflict.is_none() {
            let conflict = |verdict: &_| *verdict == VerdictKind::Conflict;
            let place = report.verdicts.iter().position(|verdict| conflict(&verdict.verdict));
            self.stored.first_conflict = place.and_then(|place| self.lines.get(place).copied());
        }
        self.lines.clear();
        Ok(())
    }
}
