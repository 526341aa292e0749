//! What a row is called for ever.
//!
//! A row's id is made of its content and of how many rows with the same content are before it in
//! the file. The order of the columns, quotes, the ends of rows and compression are not content; nulls are
//! absent. It must never be made of a place in the file: rows move between exports.
//!
//! The hash is SHA-512, cut: where the processor has no SHA-256 of its own it is faster, and it
//! is the largest part of what a row costs. How ids are made can never change: what was imported before
//! would be imported again.

use super::value;
use csv::StringRecord;
use sha2::{Digest, Sha512};
use std::collections::HashMap;

/// The first bytes of the hash: enough to tell any number of rows apart.
type Content = [u8; 16];

/// How often each content was seen.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    seen: HashMap<Content, u64>,
    text: Vec<u8>,
}

impl Identities {
    /// The id of the next row. `beside` is what else tells it from rows of other imports; `by_name`
    /// is all columns in the order of their names, with the short form of the name.
    pub(crate) fn next(
        &mut self,
        beside: &[u8],
        by_name: &[([u8; 8], usize)],
        record: &StringRecord,
    ) -> String {
        let content = self.content(beside, by_name, record);
        let count = self.seen.entry(content).or_default();
        let before = *count;
        *count += 1;
        let hex = format!("{:032x}", u128::from_be_bytes(content));
        format!("{hex}-{before}")
    }

    fn content(&mut self, beside: &[u8], by_name: &[([u8; 8], usize)], record: &StringRecord) -> Content {
        self.text.clear();
        self.text.extend_from_slice(beside);
        for (name, column) in by_name {
            if let Some(value) = value(record, *column) {
                self.text.extend_from_slice(name);
                // A row has less than 4 GiB: see `MAX_ROW`.
                self.text.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes());
                self.text.extend_from_slice(value.as_bytes());
            }
        }
        cut(&self.text)
    }
}

/// A column's name as it is hashed with each of its values: always as long, and short.
pub(crate) fn short_name(column: &str) -> [u8; 8] {
    let hash = cut(column.as_bytes());
    std::array::from_fn(|i| hash[i])
}

fn cut(text: &[u8]) -> Content {
    let hash: [u8; 64] = Sha512::digest(text).into();
    std::array::from_fn(|i| hash[i])
}
