//! The folder of an embedded store: its layout, and the lock by which one process owns it.

use crate::StoreError;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};

/// Where things lie in the folder.
pub(crate) struct Layout {
    pub(crate) catalog: PathBuf,
    pub(crate) log: PathBuf,
    pub(crate) projections: PathBuf,
    lock: PathBuf,
}

impl Layout {
    pub(crate) fn of(folder: &Path) -> Layout {
        Layout {
            catalog: folder.join("catalog.db"),
            log: folder.join("log"),
            projections: folder.join("projections"),
            lock: folder.join("lock"),
        }
    }

    /// Whether anything of a log is there.
    pub(crate) fn has_log(&self) -> bool {
        fs::read_dir(&self.log).is_ok_and(|mut entries| entries.next().is_some())
    }
}

/// Whether a folder holds a store.
#[must_use]
pub fn exists(folder: &Path) -> bool {
    Layout::of(folder).catalog.exists()
}

/// Who owns a folder now: what its owner wrote, such as its address; `None` when nobody does.
#[must_use]
pub fn owner(folder: &Path) -> Option<String> {
    let path = Layout::of(folder).lock;
    let file = File::open(&path).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => fs::read_to_string(&path).ok().map(|text| text.trim().to_string()),
        _ => None,
    }
}

/// A folder that this process owns, until this is dropped.
pub(crate) struct OwnedFolder {
    pub(crate) layout: Layout,
    lock: File,
}

impl OwnedFolder {
    /// Makes the folder where it is missing, and takes it. `owner` is what others read of us.
    pub(crate) fn take(folder: &Path, owner: &str) -> Result<OwnedFolder, StoreError> {
        let layout = Layout::of(folder);
        check(folder, &layout)?;
        for path in [&layout.log, &layout.projections] {
            fs::create_dir_all(path).map_err(StoreError::io("cannot make", path))?;
        }
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&layout.lock)
            .map_err(StoreError::io("cannot open", &layout.lock))?;
        if !take_lock(&lock).map_err(StoreError::io("cannot lock", &layout.lock))? {
            let owner = fs::read_to_string(&layout.lock).unwrap_or_default().trim().to_string();
            return Err(StoreError::InUse { path: folder.to_path_buf(), owner });
        }
        write_owner(&lock, owner).map_err(StoreError::io("cannot write", &layout.lock))?;
        Ok(OwnedFolder { layout, lock })
    }

    /// Changes what others read of us.
    pub(crate) fn announce(&self, owner: &str) -> Result<(), StoreError> {
        write_owner(&self.lock, owner).map_err(StoreError::io("cannot write", &self.layout.lock))
    }
}

/// Takes the lock unless somebody owns it. Whoever asks for the owner shares the lock for a moment,
/// and is waited for.
fn take_lock(lock: &File) -> std::io::Result<bool> {
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        match lock.try_lock_shared() {
            // Only readers were there.
            Ok(()) => lock.unlock()?,
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        std::thread::yield_now();
    }
}

fn write_owner(mut file: &File, owner: &str) -> std::io::Result<()> {
    file.rewind()?;
    file.set_len(0)?;
    file.write_all(owner.as_bytes())
}

/// A folder is ours if it is empty or has a catalog; a log without its catalog is not opened.
fn check(folder: &Path, layout: &Layout) -> Result<(), StoreError> {
    let wrong =
        |reason: &str| StoreError::WrongFolder { path: folder.to_path_buf(), reason: reason.to_string() };
    if layout.catalog.exists() || !folder.exists() {
        return Ok(());
    }
    if !folder.is_dir() {
        return Err(wrong("it is a file, not a folder"));
    }
    let known = [&layout.log, &layout.projections, &layout.lock];
    for entry in fs::read_dir(folder).map_err(StoreError::io("cannot read", folder))? {
        let path = entry.map_err(StoreError::io("cannot read", folder))?.path();
        if !known.contains(&&path) {
            return Err(wrong("it is not empty and holds no usage_app data; name another folder"));
        }
    }
    if layout.has_log() {
        return Err(wrong("it has a log and no catalog.db; bring the catalog back from a backup"));
    }
    Ok(())
}
