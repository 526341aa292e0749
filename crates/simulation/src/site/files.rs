//! The embedded store's files, as far as a crash concerns them.

use super::disk::Unsynced;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Copies what another process would find: all but the lock, and what SQLite makes anew.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for path in list(from)? {
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() {
            copy(&path, &to.join(name))?;
        } else if name != "lock" && name != "catalog.db-shm" {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

/// What is in a folder, by name.
pub(super) fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths =
        fs::read_dir(folder)?.map(|entry| entry.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// The end of the log as it is.
pub(super) fn last_segment(folder: &Path) -> Option<Unsynced> {
    let mut paths = list(&folder.join("log")).ok()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
    let path = paths.pop()?;
    let name = path.file_name()?.to_str()?.to_string();
    Some(Unsynced { name, from: length(&path) })
}

/// The file of a segment that begins with this event.
pub(super) fn segment(folder: &Path, first: u64) -> PathBuf {
    folder.join("log").join(format!("{first:020}.log"))
}

pub(super) fn wal(folder: &Path) -> PathBuf {
    folder.join("catalog.db-wal")
}

/// Bytes of a file; 0 where there is none.
pub(super) fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

pub(super) fn cut(path: &Path, length: u64) -> io::Result<()> {
    fs::OpenOptions::new().write(true).open(path)?.set_len(length)
}

/// Overwrites a part of a file with zeros.
pub(super) fn zero(path: &Path, from: u64, to: u64) -> io::Result<()> {
    use std::os::unix::fs::FileExt;
    let zeros = vec![0; usize::try_from(to - from).unwrap_or(0)];
    fs::OpenOptions::new().write(true).open(path)?.write_all_at(&zeros, from)
}
