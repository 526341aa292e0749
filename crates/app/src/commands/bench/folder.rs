//! A temporary folder, on the disk of the data and not in memory, so that writing costs what it costs.

use crate::failure::Failure;
use std::path::{Path, PathBuf};
use std::{fs, io, process};

/// A new folder that goes when it is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// A folder beside this one.
    pub(crate) fn beside(data: &Path) -> Result<Folder, Failure> {
        let name = format!("usage-bench-{}", process::id());
        let path = data.parent().map_or_else(|| PathBuf::from(&name), |parent| parent.join(&name));
        match fs::create_dir(&path) {
            Ok(()) => Ok(Folder(path)),
            Err(error) => Err(Failure::folder(format!("{} cannot be made: {error}", path.display()))),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Where the fresh service keeps its data.
    pub(crate) fn data(&self) -> PathBuf {
        self.0.join("data")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("usage_app: {} stays behind: {error}", self.0.display());
        }
    }
}

/// What the files of a folder add up to, in bytes. A file that goes meanwhile does not count.
pub(super) fn size(folder: &Path) -> io::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let size = entry
            .metadata()
            .and_then(|metadata| if metadata.is_dir() { size(&entry.path()) } else { Ok(metadata.len()) });
        sum += match size {
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            size => size?,
        };
    }
    Ok(sum)
}
