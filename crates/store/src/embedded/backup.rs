//! Backups: a copy of a folder that another process may be writing to.
//!
//! The catalog is copied first and the log after it, so that every bill in the copy finds its
//! events. Projections are not copied: they are made from the log when the copy is opened.

use super::folder::Layout;
use super::log;
use crate::StoreError;
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// What a backup copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupReport {
    /// Events in the copied log.
    pub events: u64,
    /// Bytes of the copied log.
    pub bytes: u64,
}

/// Copies the store in `folder` to the new or empty folder `target`; `progress` is told the bytes of
/// log that are copied and how many there are.
///
/// # Errors
/// A folder that is no store, a target that is not empty, or a copy that fails; then the target has
/// no catalog, and is not taken for a store.
pub fn backup(
    folder: &Path,
    target: &Path,
    mut progress: impl FnMut(u64, u64),
) -> Result<BackupReport, StoreError> {
    let (from, to) = (Layout::of(folder), Layout::of(target));
    let wrong =
        |path: &Path, reason: &str| StoreError::WrongFolder { path: path.into(), reason: reason.into() };
    if !from.catalog.exists() {
        return Err(wrong(folder, "it holds no usage_app data"));
    }
    if target.exists()
        && fs::read_dir(target).map_err(StoreError::io("cannot read", target))?.next().is_some()
    {
        return Err(wrong(target, "it is not empty; a backup needs a folder of its own"));
    }
    fs::create_dir_all(&to.log).map_err(StoreError::io("cannot make", &to.log))?;
    let unfinished = target.join("catalog.unfinished");
    copy_catalog(&from.catalog, &unfinished)?;
    let found = log::open::find(&from.log)?;
    let (last, mut total) = (found.index.segments.len().saturating_sub(1), 0);
    for (i, segment) in found.index.segments.iter().enumerate() {
        total += if i == last { found.length } else { segment.length()? };
    }
    let mut copied = 0;
    for (i, segment) in found.index.segments.iter().enumerate() {
        let length = if i == last { found.length } else { segment.length()? };
        let path = log::segment::Segment::path(&to.log, segment.first);
        copy(&segment.path, &path, length, |bytes| {
            copied += bytes;
            progress(copied, total);
        })
        .map_err(StoreError::io("cannot copy to", &path))?;
    }
    let copy = log::open::find(&to.log)?;
    if copy.next != found.next || copy.torn.is_some() {
        return Err(StoreError::Damaged {
            path: to.log,
            offset: copied,
            what: "a write failed while the log was copied; make the backup again".into(),
        });
    }
    fs::rename(&unfinished, &to.catalog).map_err(StoreError::io("cannot write", &to.catalog))?;
    for folder in [&to.log, &target.to_path_buf()] {
        File::open(folder).and_then(|f| f.sync_all()).map_err(StoreError::io("cannot write", folder))?;
    }
    Ok(BackupReport { events: found.next, bytes: total })
}

fn copy_catalog(from: &Path, to: &Path) -> Result<(), StoreError> {
    let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut copy = Connection::open(to)?;
    let backup = rusqlite::backup::Backup::new(&source, &mut copy)?;
    // In one step, which is one reading: with several, each commit meanwhile begins the copy anew.
    backup.run_to_completion(i32::MAX, std::time::Duration::ZERO, None)?;
    drop(backup);
    copy.close().map_err(|(_, error)| error)?;
    File::open(to).and_then(|f| f.sync_all()).map_err(StoreError::io("cannot write", to))
}

fn copy(from: &Path, to: &Path, length: u64, mut progress: impl FnMut(u64)) -> io::Result<()> {
    let mut source = File::open(from)?.take(length);
    let mut target = File::create(to)?;
    loop {
        let bytes = io::copy(&mut source.by_ref().take(1 << 24), &mut target)?;
        if bytes == 0 {
            break;
        }
        progress(bytes);
    }
    target.sync_all()
}
