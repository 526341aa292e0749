//! The names of checkpoint files, and how such a file comes to be.
//!
//! A projection's files form a chain, each from one log position to another, the first from 0. A file is
//! whole or not there: it is written under another name and renamed.

use crate::StoreError;
use crate::embedded::faults::{Faults, Step};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The files of one projection in a folder.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    pub(crate) folder: PathBuf,
    /// `usage` or `claims`: the first part of the names.
    name: &'static str,
}

/// From one log position to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl Names {
    pub(crate) fn new(folder: &Path, name: &'static str) -> Names {
        Names { folder: folder.to_path_buf(), name }
    }

    /// The longest chain from 0 on; other files of the name are left-overs and go.
    pub(crate) fn chain(&self) -> Result<Vec<Span>, StoreError> {
        let mut found = self.list()?;
        // Of files from one position, the one that reaches farthest has all of the others.
        found.sort_by_key(|span| (span.from, std::cmp::Reverse(span.to)));
        let mut chain: Vec<Span> = Vec::new();
        for span in found {
            let position = chain.last().map_or(0, |last| last.to);
            if span.from == position && span.to > span.from {
                chain.push(span);
            } else {
                remove(&self.path(span))?;
            }
        }
        Ok(chain)
    }

    /// All files of the name. What a crash left of files that were being written is removed.
    fn list(&self) -> Result<Vec<Span>, StoreError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(StoreError::io("cannot read", &self.folder))? {
            let path = entry.map_err(StoreError::io("cannot read", &self.folder))?.path();
            let finished = path.with_extension("ckpt");
            let name = finished.file_name().and_then(|name| name.to_str());
            let Some(span) = name.and_then(|name| self.span(name)) else { continue };
            if finished == path {
                found.push(span);
            } else if path.extension().is_some_and(|e| e == "unfinished") {
                remove(&path)?;
            }
        }
        Ok(found)
    }

    fn span(&self, file: &str) -> Option<Span> {
        let range = file.strip_prefix(self.name)?.strip_prefix('-')?.strip_suffix(".ckpt")?;
        let (from, to) = range.split_once('-')?;
        let span = Span { from: from.parse().ok()?, to: to.parse().ok()? };
        // Another spelling of the same figures is no file of ours.
        (self.file(span) == file).then_some(span)
    }

    fn file(&self, span: Span) -> String {
        format!("{}-{:020}-{:020}.ckpt", self.name, span.from, span.to)
    }

    pub(crate) fn path(&self, span: Span) -> PathBuf {
        self.folder.join(self.file(span))
    }

    /// Makes a file: `write` fills it, and it gets its name once it is durable.
    ///
    /// # Errors
    /// When it could not be written; then it is not there.
    pub(crate) fn make<T>(
        &self,
        span: Span,
        faults: &Faults,
        write: impl FnOnce(&mut File) -> Result<T, StoreError>,
    ) -> Result<(T, File), StoreError> {
        let path = self.path(span);
        let unfinished = path.with_extension("unfinished");
        let failed = |source| StoreError::WriteFailed { path: path.clone(), source };
        let make = || {
            let options = File::options().read(true).write(true).create(true).truncate(true).clone();
            let mut file = options.open(&unfinished).map_err(failed)?;
            faults.check(Step::Checkpoint).map_err(failed)?;
            let made = write(&mut file)?;
            file.sync_all().map_err(failed)?;
            fs::rename(&unfinished, &path).map_err(failed)?;
            self.sync().map_err(failed)?;
            Ok((made, file))
        };
        make().inspect_err(|_| {
            // A disk that is full gets back what it gave.
            let _ = fs::remove_file(&unfinished);
        })
    }

    /// Makes the names of files durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }
}

/// Removes a folder with all that is in it; one that is gone already is no failure.
pub(crate) fn remove_folder(folder: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::io("cannot remove", folder)(error))
        }
        _ => Ok(()),
    }
}

/// Removes a file; one that is gone already is no failure.
pub(crate) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::io("cannot remove", path)(error))
        }
        _ => Ok(()),
    }
}
