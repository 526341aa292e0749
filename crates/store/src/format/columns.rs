//! Writing a block: the columns of its events, in one pass over them.

use super::block::{HAS_DATA, HAS_EXTENSIONS, TIME_GIVEN, fingerprints};
use super::texts::{self, Kind};
use crate::format::codec::Put;
use hashbrown::HashMap;
use usage_domain::event::EventRef;

/// Bytes of a content's hash that are kept. Who has another content under the claim of an event is told so, but
/// once in 2^40 times.
pub(crate) const HASH: usize = 5;
/// The bits of a content's hash that are kept.
pub(crate) const CONTENT: u64 = (1 << (8 * HASH)) - 1;

/// What times may be multiples of, in nanoseconds.
pub(super) const UNITS: [i64; 4] = [1_000_000_000, 1_000_000, 1_000, 1];

/// How a column of small numbers is written: once, as all are the same, or each.
pub(super) const SAME: u8 = 0;
const EACH: u8 = 1;

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
    let mut bytes = Vec::with_capacity(claims.names.len() * 2 + claims.hashes.len());
    bytes.put_section(&directory(&prints));
    bytes.put_section(&claims.section());
    let claims = bytes.len();
    bytes.put_section(&events.section());
    let checksums = (crc32fast::hash(&bytes[..claims]), crc32fast::hash(&bytes[claims..]));
    Sections { bytes, claims, checksums }
}

/// The short names of subjects: so many upper bits that one name in 4,096 is taken for another of them.
fn directory(prints: &[u32]) -> Vec<u8> {
    let upper = (prints.len().max(1).ilog2() + 13).min(32);
    let lower = (32 - upper).min(31);
    let mut out = Vec::with_capacity(prints.len() * 2 + 2);
    out.push(u8::try_from(lower).unwrap_or(0));
    let mut last = 0;
    for print in prints {
        out.put_var(u64::from((print >> lower) - last));
        last = print >> lower;
    }
    out
}

/// Adds a column of small numbers.
fn put_column(out: &mut Vec<u8>, numbers: &[u64]) {
    match numbers {
        [first, rest @ ..] if rest.iter().all(|number| number == first) => {
            out.push(SAME);
            out.put_var(*first);
        }
        _ => {
            out.push(EACH);
            numbers.iter().for_each(|number| out.put_var(*number));
        }
    }
}

/// The columns of claims.
#[derive(Default)]
struct ClaimColumns<'a> {
    sources: Dictionary<'a>,
    hashes: Vec<u8>,
    /// The place of each row's source, and the length of its id.
    places: Vec<u64>,
    lengths: Vec<u64>,
    names: Vec<u8>,
}

impl<'a> ClaimColumns<'a> {
    fn add(&mut self, event: EventRef<'a>, content: u64) {
        self.hashes.extend_from_slice(&content.to_le_bytes()[..HASH]);
        self.places.push(self.sources.index_of(event.source));
        self.lengths.push(put_id(&mut self.names, event.id));
    }

    fn section(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.hashes.len() + self.names.len() + 256);
        out.put_var(self.places.len() as u64);
        self.sources.write(&mut out);
        out.extend_from_slice(&self.hashes);
        put_column(&mut out, &self.places);
        put_column(&mut out, &self.lengths);
        out.extend_from_slice(&self.names);
        out
    }
}

/// A lower-case UUID is kept as its 16 bytes, any other id as its text, whose length this gives.
fn put_id(out: &mut Vec<u8>, id: &str) -> u64 {
    match uuid_bytes(id) {
        Some(bytes) => {
            out.extend_from_slice(&bytes);
            0
        }
        // Ids are never empty, so that length 0 is free to mean a UUID.
        None => {
            out.extend_from_slice(id.as_bytes());
            id.len() as u64
        }
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
    times: Vec<i64>,
    /// The place among [`UNITS`] of what all times are multiples of.
    unit: usize,
    kinds: Vec<u64>,
    flags: Vec<u8>,
    data: Vec<&'a str>,
    extensions: Vec<&'a str>,
}

impl<'a> EventColumns<'a> {
    fn add(&mut self, event: EventRef<'a>) {
        match self.subjects.last_mut() {
            Some((subject, count)) if *subject == event.subject => *count += 1,
            _ => self.subjects.push((event.subject, 1)),
        }
        let time = event.time.nanos();
        while time % UNITS[self.unit] != 0 {
            self.unit += 1;
        }
        self.times.push(time);
        self.kinds.push(self.types.index_of(event.event_type));
        let mut flag = if event.time_given { TIME_GIVEN } else { 0 };
        let data = (HAS_DATA, event.data, &mut self.data);
        for (bit, text, texts) in [data, (HAS_EXTENSIONS, event.extensions, &mut self.extensions)] {
            if let Some(text) = text {
                flag |= bit;
                texts.push(text);
            }
        }
        self.flags.push(flag);
    }

    fn section(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.flags.len() * 24);
        out.put_var(self.flags.len() as u64);
        out.put_var(self.subjects.len() as u64);
        texts::put(&mut out, Kind::Names, self.subjects.iter().map(|(subject, _)| *subject));
        let counts: Vec<u64> = self.subjects.iter().map(|(_, count)| *count).collect();
        put_column(&mut out, &counts);
        self.types.write(&mut out);
        out.push(u8::try_from(self.unit).unwrap_or(0));
        let (unit, mut last) = (UNITS[self.unit], 0);
        for time in &self.times {
            out.put_signed(time.wrapping_sub(last) / unit);
            last = *time;
        }
        put_column(&mut out, &self.kinds);
        out.extend_from_slice(&self.flags);
        texts::put(&mut out, Kind::Json, self.data.iter().copied());
        texts::put(&mut out, Kind::Json, self.extensions.iter().copied());
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
