//! Temporary folders, on the disk of the build and not in memory, so that writing costs what it costs.

use crate::Result;
use crate::workspace::Workspace;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{fs, process};

static MADE: AtomicU32 = AtomicU32::new(0);

/// A new folder that goes when it is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(workspace: &Workspace, name: &str) -> Result<Folder> {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let path = workspace.target.join("xtask").join(format!("{name}-{}-{number}", process::id()));
        fs::create_dir_all(&path)?;
        Ok(Folder(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Keeps the folder for whoever looks into a failure.
    pub(crate) fn keep(mut self) -> PathBuf {
        std::mem::take(&mut self.0)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.0.as_os_str().is_empty() {
            // Left behind in the target folder at worst.
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}
