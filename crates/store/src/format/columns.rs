//! Writing a block: the columns of its events, in one pass over them.

use super::block::{HAS_DATA, HAS_EXTENSIONS, TIME_GIVEN, fingerprints};
use crate::format::codec::Put;
use hashbrown::HashMap;
use usage_domain::event::EventRef;

/// The sections of a block.
#[derive(Debug, Default)]
pub(crate) struct Sections {
    pub(crate) bytes: Vec<u8>,
    /// How many of the bytes the directory and the claims take.
    pub(crate) claims: usize,
    /// The checksum of these, and that of the rest.
    pub(crate) checksums: (u32, u32),
}

/// Writes the sections of a block; `rows` are sorted by subject and time.
pub(crate) fn encode<'a>(rows: impl Iterator<Item = (EventRef<'a>, u64)>) -> Sections {
    let (mut claims, mut events) = (ClaimColumns::default(), EventColumns::default());
    for (event, content) in rows {
        claims.add(event, content);
        events.add(event);
    }
    let prints = fingerprints(events.subjects.iter().map(|(subject, _)| *subject));
    let directory: Vec<u8> = prints.into_iter().flat_map(u32::to_le_bytes).collect();
    let mut bytes = Vec::with_capacity(claims.names.len() + claims.hashes.len() + events.texts.len());
    bytes.put_section(&directory);
    bytes.put_section(&claims.section());
    let claims = bytes.len();
    bytes.put_section(&events.section());
    let checksums = (crc32fast::hash(&bytes[..claims]), crc32fast::hash(&bytes[claims..]));
    Sections { bytes, claims, checksums }
}

/// The columns of claims.
#[derive(Default)]
struct ClaimColumns<'a> {
    sources: Dictionary<'a>,
    hashes: Vec<u8>,
    names: Vec<u8>,
}

impl<'a> ClaimColumns<'a> {
    fn add(&mut self, event: EventRef<'a>, content: u64) {
        self.hashes.put_u64(content);
        self.names.put_var(self.sources.index_of(event.source));
        put_id(&mut self.names, event.id);
    }

    fn section(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.hashes.len() + self.names.len() + 256);
        out.put_var(self.hashes.len() as u64 / 8);
        self.sources.write(&mut out);
        out.extend_from_slice(&self.hashes);
        out.extend_from_slice(&self.names);
        out
    }
}

/// A lower-case UUID is kept as its 16 bytes, any other id as its text.
fn put_id(out: &mut Vec<u8>, id: &str) {
    match uuid_bytes(id) {
        Some(bytes) => {
            out.put_var(0);
            out.extend_from_slice(&bytes);
        }
        // Ids are never empty, so that length 0 is free to mean a UUID.
        None => out.put_text(id),
    }
}

/// The values of lower-case hexadecimal digits; of any other byte, one with high bits.
const DIGITS: [u8; 256] = {
    let mut digits = [0xff; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789abcdef"[value as usize] as usize] = value;
        value += 1;
    }
    digits
};

fn uuid_bytes(id: &str) -> Option<[u8; 16]> {
    let text: &[u8; 36] = id.as_bytes().try_into().ok()?;
    let (mut bytes, mut place, mut seen) = ([0u8; 16], 0, 0);
    for (start, length) in [(0, 4), (9, 2), (14, 2), (19, 2), (24, 6)] {
        for pair in text[start..start + 2 * length].chunks_exact(2) {
            let (high, low) = (DIGITS[usize::from(pair[0])], DIGITS[usize::from(pair[1])]);
            seen |= high | low;
            bytes[place] = high << 4 | low;
            place += 1;
        }
    }
    let dashes = [8, 13, 18, 23].iter().all(|dash| text[*dash] == b'-');
    (dashes && seen < 16).then_some(bytes)
}

/// The columns of events.
#[derive(Default)]
struct EventColumns<'a> {
    types: Dictionary<'a>,
    /// Each with the count of its events.
    subjects: Vec<(&'a str, u64)>,
    times: Vec<u8>,
    kinds: Vec<u8>,
    flags: Vec<u8>,
    lengths: Vec<u8>,
    texts: Vec<u8>,
    last: i64,
}

impl<'a> EventColumns<'a> {
    fn add(&mut self, event: EventRef<'a>) {
        match self.subjects.last_mut() {
            Some((subject, count)) if *subject == event.subject => *count += 1,
            _ => self.subjects.push((event.subject, 1)),
        }
        self.times.put_signed(event.time.nanos().wrapping_sub(self.last));
        self.last = event.time.nanos();
        self.kinds.put_var(self.types.index_of(event.event_type));
        let parts = [(HAS_DATA, event.data), (HAS_EXTENSIONS, event.extensions)];
        let mut flag = if event.time_given { TIME_GIVEN } else { 0 };
        for (bit, text) in parts {
            if let Some(text) = text {
                flag |= bit;
                self.lengths.put_var(text.len() as u64);
                self.texts.extend_from_slice(text.as_bytes());
            }
        }
        self.flags.push(flag);
    }

    fn section(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.texts.len() + self.texts.len() / 2);
        out.put_var(self.flags.len() as u64);
        out.put_var(self.subjects.len() as u64);
        for (subject, count) in &self.subjects {
            out.put_text(subject);
            out.put_var(*count);
        }
        self.types.write(&mut out);
        for column in [&self.times, &self.kinds, &self.flags, &self.lengths, &self.texts] {
            out.extend_from_slice(column);
        }
        out
    }
}

/// Texts that repeat, each kept once.
#[derive(Default)]
struct Dictionary<'a> {
    indexes: HashMap<&'a str, u64>,
    texts: Vec<&'a str>,
}

impl<'a> Dictionary<'a> {
    fn index_of(&mut self, text: &'a str) -> u64 {
        if self.texts.last() == Some(&text) {
            return self.texts.len() as u64 - 1;
        }
        // A few are found faster by looking at each.
        if self.texts.len() <= 8
            && let Some(place) = self.texts.iter().position(|known| *known == text)
        {
            return place as u64;
        }
        let texts = &mut self.texts;
        *self.indexes.entry(text).or_insert_with(|| {
            texts.push(text);
            texts.len() as u64 - 1
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.put_var(self.texts.len() as u64);
        for text in &self.texts {
            out.put_text(text);
        }
    }
}
