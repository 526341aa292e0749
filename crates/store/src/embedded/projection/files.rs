//! Checkpoint files: what a stretch of the log added to a projection.
//!
//! A projection is a chain of files that are read whole. Eight neighbours of similar size become
//! one, so that a chain stays short and a byte is rewritten a few times only.
//! A file names the record of the log that it ends with, so that it is never taken for part of
//! another log. A damaged or foreign file is never used: what it had is replayed from the log.

use super::names::{Names, Span, remove};
use crate::StoreError;
use crate::embedded::faults::Faults;
use crate::format::codec::{Malformed, Put, Take};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

const MAGIC: u32 = u32::from_le_bytes(*b"UCKP");
const VERSION: u32 = 3;
/// Bytes of a body that are packed as one section.
const SECTION: usize = 64 << 20;
/// Files that have more bytes together stay apart: merging them would take too much memory.
const MOST_MERGED: u64 = 256 << 20;

/// Files of similar size that become one.
const MERGED_AT_ONCE: usize = 8;

/// Makes the bodies of files that follow each other one.
type Merge = fn(&[Vec<u8>]) -> Result<Vec<u8>, Malformed>;

/// A projection's files.
pub(crate) struct Chain {
    names: Names,
    faults: Faults,
    links: Vec<Link>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Link {
    from: u64,
    to: u64,
    bytes: u64,
}

impl Chain {
    /// Finds the longest chain from 0 on; other files of the name are left-overs and go.
    pub(crate) fn open(folder: &Path, name: &'static str, faults: Faults) -> Result<Chain, StoreError> {
        let names = Names::new(folder, name);
        let mut links = Vec::new();
        for Span { from, to } in names.chain()? {
            let path = names.path(Span { from, to });
            let bytes = fs::metadata(&path).map_err(StoreError::io("cannot read", &path))?.len();
            links.push(Link { from, to, bytes });
        }
        Ok(Chain { names, faults, links })
    }

    fn path(&self, link: &Link) -> PathBuf {
        self.names.path(Span { from: link.from, to: link.to })
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The log position that the chain reaches.
    pub(crate) fn position(&self) -> u64 {
        self.links.last().map_or(0, |link| link.to)
    }

    /// Reads the bodies in order. The chain ends before the first file that cannot be used, or
    /// that does not end with the record of the log of which `mark` gives the mark.
    pub(crate) fn load(
        &mut self,
        mark: impl Fn(u64) -> Result<Option<u32>, StoreError>,
        mut each: impl FnMut(&[u8]) -> Result<(), Malformed>,
    ) -> Result<(), StoreError> {
        for i in 0..self.links.len() {
            let path = self.path(&self.links[i]);
            let mark = mark(self.links[i].to)?;
            let read = self.read(&self.links[i]).and_then(|(body, ends_with)| match mark {
                Some(mark) if mark == ends_with => each(&body).map_err(|e| e.to_string()),
                _ => Err("it is of another log".to_string()),
            });
            if let Err(what) = read {
                tracing::warn!(?path, what, "a checkpoint cannot be used; its part is replayed from the log");
                let rest = self.links.split_off(i);
                for link in rest {
                    remove(&self.path(&link))?;
                }
                break;
            }
        }
        Ok(())
    }

    /// A file's body, and the mark of the record that it ends with.
    fn read(&self, link: &Link) -> Result<(Vec<u8>, u32), String> {
        let bytes = fs::read(self.path(link)).map_err(|e| e.to_string())?;
        open_file(&bytes, link).map_err(|e| e.to_string())
    }

    /// Adds a file from the end of the chain to the log position `to`, where the record of this
    /// mark ends, then tidies up.
    ///
    /// # Errors
    /// When the file could not be written: the chain is as it was. Tidying up may fail without
    /// harm; it is tried again with the next file.
    pub(crate) fn push(&mut self, to: u64, mark: u32, body: &[u8], merge: Merge) -> Result<(), StoreError> {
        let link = self.write(self.position(), to, mark, body)?;
        self.links.push(link);
        while let Some(merged) = self.merge_last(merge) {
            if let Err(error) = merged {
                tracing::warn!(%error, "checkpoints could not be merged");
                break;
            }
        }
        Ok(())
    }

    /// Makes the last files one if there are enough of similar size.
    fn merge_last(&mut self, merge: Merge) -> Option<Result<(), StoreError>> {
        let most = self.links.last()?.bytes.saturating_mul(4);
        let similar = self.links.iter().rev().take_while(|link| link.bytes <= most).count();
        let old = self.links[self.links.len() - similar..].to_vec();
        let bytes: u64 = old.iter().map(|link| link.bytes).sum();
        let [first, .., last] = &old[..] else { return None };
        if similar < MERGED_AT_ONCE || bytes > MOST_MERGED {
            return None;
        }
        let read: Vec<_> = old.iter().map(|link| self.read(link).ok()).collect::<Option<_>>()?;
        let mark = read.last().map_or(0, |(_, mark)| *mark);
        let bodies: Vec<_> = read.into_iter().map(|(body, _)| body).collect();
        let merged = merge(&bodies).ok()?;
        let done = self.write(first.from, last.to, mark, &merged).map(|link| {
            self.links.truncate(self.links.len() - similar);
            self.links.push(link);
            for link in &old {
                // What stays is a left-over that goes when the chain is opened.
                let _ = fs::remove_file(self.path(link));
            }
        });
        Some(done)
    }

    fn write(&self, from: u64, to: u64, mark: u32, body: &[u8]) -> Result<Link, StoreError> {
        let mut file = Vec::with_capacity(body.len() / 2);
        file.put_u32(MAGIC);
        file.put_u32(VERSION);
        file.put_u64(from);
        file.put_u64(to);
        file.put_u32(mark);
        for part in body.chunks(SECTION) {
            file.put_section(part);
        }
        file.put_u32(crc32fast::hash(&file));
        let link = Link { from, to, bytes: file.len() as u64 };
        let path = self.path(&link);
        self.names.make(Span { from, to }, &self.faults, |out| {
            out.write_all(&file).map_err(|source| StoreError::WriteFailed { path, source })
        })?;
        Ok(link)
    }

    /// Forgets all files: the projection is made anew.
    pub(crate) fn clear(&mut self) -> Result<(), StoreError> {
        for link in std::mem::take(&mut self.links).iter().rev() {
            remove(&self.path(link))?;
        }
        Ok(())
    }
}

fn open_file(bytes: &[u8], link: &Link) -> Result<(Vec<u8>, u32), Malformed> {
    let (content, checksum) = bytes.split_at_checked(bytes.len().saturating_sub(4)).unwrap_or((bytes, &[]));
    if Take(checksum).u32()? != crc32fast::hash(content) {
        return Err(Malformed("its checksum is wrong"));
    }
    let mut take = Take(content);
    if take.u32()? != MAGIC || take.u32()? != VERSION {
        return Err(Malformed("it is of another version"));
    }
    if (take.u64()?, take.u64()?) != (link.from, link.to) {
        return Err(Malformed("it is not what its name says"));
    }
    let mark = take.u32()?;
    let mut body = Vec::new();
    while !take.0.is_empty() {
        body.append(&mut take.section()?);
    }
    Ok((body, mark))
}
