//! A block: the events of one request, sorted by subject and time, in columns.
//!
//! Three sections, each packed on its own, so that a reader unpacks what it asks for:
//! a *directory* (fingerprints of the subjects in it), the *claims* (source, id and content hash of
//! each event) and the *events*. Rows that turned out to be duplicates stay in the sections and are
//! named in the record's list of skipped rows.

use crate::format::codec::{Malformed, Take};
use usage_domain::event::UsageEvent;
use usage_domain::time::Timestamp;

pub(super) const TIME_GIVEN: u8 = 1;
pub(super) const HAS_DATA: u8 = 2;
pub(super) const HAS_EXTENSIONS: u8 = 4;

/// What duplicates are recognised by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) source: String,
    pub(crate) id: String,
    /// Keyed hash of the event's content.
    pub(crate) content: u64,
}

/// A short name of a subject: two subjects may share it, one subject never has two.
pub(crate) fn fingerprint(subject: &str) -> u32 {
    crc32fast::hash(subject.as_bytes())
}

/// The short names of subjects, in order.
pub(crate) fn fingerprints<'a>(subjects: impl Iterator<Item = &'a str>) -> Vec<u32> {
    let mut prints: Vec<u32> = subjects.map(fingerprint).collect();
    prints.sort_unstable();
    prints.dedup();
    prints
}

fn uuid_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (i, byte) in bytes.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    text
}

/// A block's bytes, unpacked section by section.
pub(crate) struct Block<'a> {
    sections: Take<'a>,
}

impl<'a> Block<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Block<'a> {
        Block { sections: Take(bytes) }
    }

    /// Whether the subjects with these fingerprints, which are in order, may have events here.
    pub(crate) fn may_have(&self, fingerprints: &[u32]) -> Result<bool, Malformed> {
        let directory = Take(self.sections.0).section()?;
        let prints = directory.chunks_exact(4).map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]]));
        Ok(prints.into_iter().any(|print| fingerprints.binary_search(&print).is_ok()))
    }

    /// The claims of all rows, as they are stored.
    pub(crate) fn packed_claims(&self) -> Result<Claims, Malformed> {
        let mut sections = Take(self.sections.0);
        sections.section()?;
        Claims::new(sections.section()?)
    }

    /// The claims of all rows.
    pub(crate) fn claims(&self) -> Result<Vec<Claim>, Malformed> {
        let mut sections = Take(self.sections.0);
        sections.section()?;
        read_claims(&sections.section()?)
    }

    /// The events of all rows.
    pub(crate) fn events(self) -> Result<Vec<(UsageEvent, Claim)>, Malformed> {
        let mut sections = self.sections;
        sections.section()?;
        let claims = read_claims(&sections.section()?)?;
        let events = read_events(&sections.section()?, claims)?;
        sections.end()?;
        Ok(events)
    }
}

/// The claims of a block, of which some are read: in their order, none is looked at twice.
#[derive(Debug)]
pub(crate) struct Claims {
    bytes: Vec<u8>,
    sources: Vec<String>,
    count: usize,
    /// Where the hashes of contents begin, and the names.
    hashes: usize,
    names: usize,
    /// The next row whose name is not passed, and where that is.
    next: (usize, usize),
}

impl Claims {
    fn new(bytes: Vec<u8>) -> Result<Claims, Malformed> {
        let mut take = Take(&bytes);
        let count = take.count()?;
        let sources = read_dictionary(&mut take)?.into_iter().map(str::to_string).collect();
        let hashes = bytes.len() - take.0.len();
        take.bytes(count.saturating_mul(8))?;
        let names = bytes.len() - take.0.len();
        Ok(Claims { bytes, sources, count, hashes, names, next: (0, names) })
    }

    /// The claim of this row.
    pub(crate) fn get(&mut self, row: usize) -> Result<Claim, Malformed> {
        if row >= self.count {
            return Err(Malformed("it has fewer rows than its record says"));
        }
        let (mut at, place) = if row < self.next.0 { (0, self.names) } else { self.next };
        let mut take = Take(&self.bytes[place..]);
        loop {
            let source = take.size()?;
            let id = match take.size()? {
                0 => Err(take.bytes(16)?),
                length => Ok(take.bytes(length)?),
            };
            at += 1;
            if at <= row {
                continue;
            }
            let id = match id {
                Ok(text) => {
                    std::str::from_utf8(text).map_err(|_| Malformed("an id is not UTF-8"))?.to_string()
                }
                Err(uuid) => uuid_text(uuid),
            };
            let source =
                self.sources.get(source).ok_or(Malformed("an event has a source that is not there"))?;
            let content = Take(&self.bytes[self.hashes + row * 8..]).u64()?;
            self.next = (at, self.bytes.len() - take.0.len());
            return Ok(Claim { source: source.clone(), id, content });
        }
    }
}

fn read_claims(bytes: &[u8]) -> Result<Vec<Claim>, Malformed> {
    let mut take = Take(bytes);
    let count = take.count()?;
    let sources = read_dictionary(&mut take)?;
    let mut hashes = Take(take.bytes(count * 8)?);
    let mut claims = Vec::with_capacity(count);
    for _ in 0..count {
        let source = sources.get(take.size()?).ok_or(Malformed("an event has a source that is not there"))?;
        let length = take.size()?;
        let id = match length {
            0 => uuid_text(take.bytes(16)?),
            _ => std::str::from_utf8(take.bytes(length)?)
                .map_err(|_| Malformed("an id is not UTF-8"))?
                .to_string(),
        };
        claims.push(Claim { source: source.to_string(), id, content: hashes.u64()? });
    }
    take.end()?;
    Ok(claims)
}

fn read_events(bytes: &[u8], claims: Vec<Claim>) -> Result<Vec<(UsageEvent, Claim)>, Malformed> {
    let mut take = Take(bytes);
    let count = take.count()?;
    if count != claims.len() {
        return Err(Malformed("its sections have different counts of events"));
    }
    let mut subjects = Vec::with_capacity(count);
    for _ in 0..take.count()? {
        let (subject, times) = (take.text()?, take.size()?);
        if times > count - subjects.len() {
            return Err(Malformed("its subjects have too many events"));
        }
        subjects.extend(std::iter::repeat_n(subject, times));
    }
    let types = read_dictionary(&mut take)?;
    let mut times = Vec::with_capacity(count);
    let mut last = 0i64;
    for _ in 0..count {
        last = last.wrapping_add(take.signed()?);
        times.push(Timestamp::from_nanos(last).ok_or(Malformed("a time is out of range"))?);
    }
    let kinds = (0..count).map(|_| take.size()).collect::<Result<Vec<_>, _>>()?;
    let flags = take.bytes(count)?;
    let texts = flags.iter().map(|f| (f & HAS_DATA) / HAS_DATA + (f & HAS_EXTENSIONS) / HAS_EXTENSIONS);
    let texts: usize = texts.map(usize::from).sum();
    let lengths = (0..texts).map(|_| take.size()).collect::<Result<Vec<_>, _>>()?;
    let mut lengths = lengths.into_iter();
    let mut text = |there: bool| match there {
        false => Ok(None),
        true => {
            let bytes = take.bytes(lengths.next().unwrap_or(0))?;
            std::str::from_utf8(bytes)
                .map(|t| Some(t.to_string()))
                .map_err(|_| Malformed("a text is not UTF-8"))
        }
    };
    let mut events = Vec::with_capacity(count);
    for (row, claim) in claims.into_iter().enumerate() {
        let event = UsageEvent {
            id: claim.id.clone(),
            source: claim.source.clone(),
            event_type: types
                .get(kinds[row])
                .ok_or(Malformed("an event has a type that is not there"))?
                .to_string(),
            subject: subjects.get(row).ok_or(Malformed("an event has no subject"))?.to_string(),
            time: times[row],
            time_given: flags[row] & TIME_GIVEN != 0,
            data: text(flags[row] & HAS_DATA != 0)?,
            extensions: text(flags[row] & HAS_EXTENSIONS != 0)?,
        };
        events.push((event, claim));
    }
    take.end()?;
    Ok(events)
}

fn read_dictionary<'a>(take: &mut Take<'a>) -> Result<Vec<&'a str>, Malformed> {
    (0..take.count()?).map(|_| take.text()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::columns::encode;
    use super::*;
    use proptest::prelude::*;

    fn event() -> impl Strategy<Value = UsageEvent> {
        let id = prop_oneof![
            "[a-zA-Z0-9é-]{1,40}",
            "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
        ];
        let text = prop::option::of("\\{\"n\":[0-9]{1,9}\\}");
        (id, "[ab]", "t[12]", "s[1-3]", 0..9_214_646_399_999_999_999i64, any::<bool>(), text.clone(), text)
            .prop_map(|(id, source, event_type, subject, nanos, time_given, data, extensions)| UsageEvent {
                id,
                source,
                event_type,
                subject,
                time: Timestamp::from_nanos(nanos).unwrap(),
                time_given,
                data,
                extensions,
            })
    }

    proptest! {
        #[test]
        fn a_block_gives_back_what_it_was_made_of(mut rows in prop::collection::vec((event(), any::<u64>()), 1..40)) {
            rows.sort_by(|(a, _), (b, _)| (&a.subject, a.time).cmp(&(&b.subject, b.time)));
            let bytes = encode(rows.iter().map(|(e, h)| (e.borrowed(), *h))).bytes;
            let read = Block::new(&bytes).events().unwrap();
            let back: Vec<_> = read.iter().map(|(e, claim)| (e.clone(), claim.content)).collect();
            prop_assert_eq!(&back, &rows);
            let all = Block::new(&bytes).claims().unwrap();
            let mut some = Block::new(&bytes).packed_claims().unwrap();
            for row in (0..rows.len()).step_by(3).chain((0..rows.len()).rev()) {
                prop_assert_eq!(&some.get(row).unwrap(), &all[row]);
            }
            prop_assert!(some.get(rows.len()).is_err());
            for (event, _) in &rows {
                prop_assert!(Block::new(&bytes).may_have(&[fingerprint(&event.subject)]).unwrap());
            }
            prop_assert!(!Block::new(&bytes).may_have(&[fingerprint("nobody")]).unwrap());
        }

        #[test]
        fn damaged_bytes_are_refused_or_read_without_a_panic(
            rows in prop::collection::vec((event(), any::<u64>()), 1..10), place: prop::sample::Index, bit in 0u8..8,
        ) {
            let mut bytes = encode(rows.iter().map(|(e, h)| (e.borrowed(), *h))).bytes;
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
            let _ = Block::new(&bytes).events();
            let _ = Block::new(&bytes).claims();
            if let Ok(mut claims) = Block::new(&bytes).packed_claims() {
                let _ = claims.get(rows.len() / 2);
            }
            let _ = Block::new(&bytes).may_have(&[1]);
        }
    }
}
