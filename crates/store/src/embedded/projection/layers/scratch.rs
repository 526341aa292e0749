//! Layers that are made anew beside those that there are, in a folder that is gone with them.

use super::chain::Chain;
use super::whole::Layers;
use crate::StoreError;
use crate::embedded::faults::Faults;
use crate::embedded::projection::names::remove_folder;
use std::path::{Path, PathBuf};

/// A folder for the runs of other layers.
pub(crate) struct Scratch {
    folder: PathBuf,
    pub(crate) chain: Chain,
    pub(crate) layers: Layers,
}

impl Scratch {
    /// Layers without cells under the numbers of `layers`, with a folder of this name that is not there yet.
    ///
    /// # Errors
    /// When what was left of it cannot be removed.
    pub(crate) fn new(
        parent: &Path,
        name: &str,
        faults: Faults,
        layers: Layers,
    ) -> Result<Scratch, StoreError> {
        let folder = parent.join(name);
        remove_folder(&folder)?;
        Ok(Scratch { chain: Chain::new(&folder, faults), folder, layers })
    }

    /// Makes the folder, if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn make(&self) -> Result<(), StoreError> {
        std::fs::create_dir_all(&self.folder).map_err(StoreError::io("cannot make", &self.folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = remove_folder(&self.folder) {
            tracing::warn!(%error, "what is left of a recount goes when the store is opened");
        }
    }
}
