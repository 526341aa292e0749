//! What a row is called for ever.
//!
//! A row's id is made of its content and of how many rows with the same content are before it in
//! the file. The order of the columns, quotes, line ends and compression are not content; nulls are
//! absent. It must never be made of a place in the file: rows move between exports.

use super::columns::{Layout, value};
use csv::StringRecord;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// The first bytes of a SHA-256: enough to tell any number of rows apart.
type Content = [u8; 16];

/// How often each content was seen.
#[derive(Debug, Default)]
pub(super) struct Identities {
    seen: HashMap<Content, u64>,
    text: Vec<u8>,
}

impl Identities {
    /// The id of the next row.
    pub(super) fn next(&mut self, layout: &Layout, record: &StringRecord) -> String {
        let content = self.content(layout, record);
        let count = self.seen.entry(content).or_default();
        let before = *count;
        *count += 1;
        let hex = format!("{:032x}", u128::from_be_bytes(content));
        format!("{hex}-{before}")
    }

    fn content(&mut self, layout: &Layout, record: &StringRecord) -> Content {
        self.text.clear();
        for (name, column) in &layout.by_name {
            if let Some(value) = value(record, *column) {
                for part in [name.as_str(), value] {
                    self.text.extend_from_slice(&(part.len() as u64).to_le_bytes());
                    self.text.extend_from_slice(part.as_bytes());
                }
            }
        }
        let digest: [u8; 32] = Sha256::digest(&self.text).into();
        let mut content = Content::default();
        content.copy_from_slice(&digest[..16]);
        content
    }
}
