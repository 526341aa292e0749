//! A block: the events of one request, sorted by subject and time, in columns.
//!
//! Three sections, each packed on its own, so that a reader unpacks what it asks for:
//! a *directory* (fingerprints of the subjects in it), the *claims* (source, id and content hash of
//! each event) and the *events*. Rows that turned out to be duplicates stay in the sections and are
//! named in the record's list of skipped rows.

use super::claims::{Claim, Claims, column, read_dictionary};
use super::columns::UNITS;
use super::texts;
use crate::format::codec::{Malformed, Take};
use usage_domain::event::UsageEvent;
use usage_domain::time::Timestamp;

pub(super) const TIME_GIVEN: u8 = 1;
pub(super) const HAS_DATA: u8 = 2;
pub(super) const HAS_EXTENSIONS: u8 = 4;

/// How the sections of a block are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Of records up to version 2: names and texts row by row.
    Rows,
    Columns,
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

/// A block's bytes, unpacked section by section.
pub(crate) struct Block<'a> {
    sections: Take<'a>,
    form: Form,
}

impl<'a> Block<'a> {
    pub(crate) fn new(bytes: &'a [u8], form: Form) -> Block<'a> {
        Block { sections: Take(bytes), form }
    }

    /// Whether the subjects with these fingerprints, which are in order, may have events here.
    pub(crate) fn may_have(&self, fingerprints: &[u32]) -> Result<bool, Malformed> {
        let directory = Take(self.sections.0).section()?;
        if self.form == Form::Rows {
            let mut prints = directory.chunks_exact(4).map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]]));
            return Ok(prints.any(|print| fingerprints.binary_search(&print).is_ok()));
        }
        // The upper bits of each, less those of the one before.
        let mut take = Take(&directory);
        let (lower, mut last) = (take.byte()?.min(31), 0u32);
        while !take.0.is_empty() {
            let step = u32::try_from(take.var()?).ok().and_then(|step| last.checked_add(step));
            last = step.ok_or(Malformed("its directory is not in order"))?;
            let from = fingerprints.partition_point(|print| print >> lower < last);
            if fingerprints.get(from).is_some_and(|print| print >> lower == last) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The claims of all rows, as they are stored.
    pub(crate) fn packed_claims(&self) -> Result<Claims, Malformed> {
        let mut sections = Take(self.sections.0);
        sections.section()?;
        Claims::read(sections.section()?, self.form)
    }

    /// The claims of all rows.
    pub(crate) fn claims(&self) -> Result<Vec<Claim>, Malformed> {
        self.packed_claims()?.all()
    }

    /// The events of all rows.
    pub(crate) fn events(self) -> Result<Vec<(UsageEvent, Claim)>, Malformed> {
        let mut sections = self.sections;
        sections.section()?;
        let claims = Claims::read(sections.section()?, self.form)?.all()?;
        let events = read_events(&sections.section()?, claims, self.form)?;
        sections.end()?;
        Ok(events)
    }
}

/// What of the events is no text.
struct Columns<'a> {
    types: Vec<&'a str>,
    times: Vec<Timestamp>,
    kinds: Vec<usize>,
    flags: Vec<u8>,
}

impl<'a> Columns<'a> {
    fn read(take: &mut Take<'a>, count: usize, form: Form) -> Result<Columns<'a>, Malformed> {
        let types = read_dictionary(take)?;
        let unit = match form {
            Form::Rows => 1,
            Form::Columns => *UNITS.get(usize::from(take.byte()?)).ok_or(Malformed("a time has no unit"))?,
        };
        let (mut times, mut last) = (Vec::with_capacity(count), 0i64);
        for _ in 0..count {
            last = last.wrapping_add(take.signed()?.wrapping_mul(unit));
            times.push(Timestamp::from_nanos(last).ok_or(Malformed("a time is out of range"))?);
        }
        let one = |take: &mut Take<'_>| (0..count).map(|_| take.size()).collect::<Result<Vec<_>, _>>();
        let kinds = if form == Form::Rows { one(take)? } else { column(take, count)? };
        Ok(Columns { types, times, kinds, flags: take.bytes(count)?.to_vec() })
    }

    /// How many rows have a text of this kind.
    fn texts(&self, flag: u8) -> usize {
        self.flags.iter().filter(|flags| *flags & flag != 0).count()
    }
}

/// The subject of each row: there are runs of rows of one.
fn subjects(take: &mut Take<'_>, count: usize, form: Form) -> Result<Vec<String>, Malformed> {
    let distinct = take.count()?;
    let (texts, times) = match form {
        Form::Rows => {
            let pair = |_| Ok((take.text()?.to_string(), take.size()?));
            (0..distinct).map(pair).collect::<Result<Vec<_>, Malformed>>()?.into_iter().unzip()
        }
        Form::Columns => (texts::take(take, distinct)?, column(take, distinct)?),
    };
    let mut subjects = Vec::with_capacity(count);
    for (subject, times) in texts.into_iter().zip(times) {
        if times > count - subjects.len() {
            return Err(Malformed("its subjects have too many events"));
        }
        subjects.extend(std::iter::repeat_n(subject, times));
    }
    Ok(subjects)
}

/// The data of each row that has some, and the extensions.
fn texts_of(
    take: &mut Take<'_>,
    columns: &Columns<'_>,
    form: Form,
) -> Result<(Vec<String>, Vec<String>), Malformed> {
    let (data, extensions) = (columns.texts(HAS_DATA), columns.texts(HAS_EXTENSIONS));
    if form == Form::Columns {
        return Ok((texts::take(take, data)?, texts::take(take, extensions)?));
    }
    // Those of a row stand together.
    let lengths = (0..data + extensions).map(|_| take.size()).collect::<Result<Vec<_>, _>>()?;
    let (mut lengths, mut both) = (lengths.into_iter(), (Vec::new(), Vec::new()));
    for flags in &columns.flags {
        for (flag, texts) in [(HAS_DATA, &mut both.0), (HAS_EXTENSIONS, &mut both.1)] {
            if flags & flag != 0 {
                let bytes = take.bytes(lengths.next().unwrap_or(0))?;
                let text = std::str::from_utf8(bytes).map_err(|_| Malformed("a text is not UTF-8"))?;
                texts.push(text.to_string());
            }
        }
    }
    Ok(both)
}

fn read_events(bytes: &[u8], claims: Vec<Claim>, form: Form) -> Result<Vec<(UsageEvent, Claim)>, Malformed> {
    let mut take = Take(bytes);
    let count = take.count()?;
    if count != claims.len() {
        return Err(Malformed("its sections have different counts of events"));
    }
    let mut subjects = subjects(&mut take, count, form)?.into_iter();
    let columns = Columns::read(&mut take, count, form)?;
    let (data, extensions) = texts_of(&mut take, &columns, form)?;
    take.end()?;
    let (mut data, mut extensions) = (data.into_iter(), extensions.into_iter());
    let mut events = Vec::with_capacity(count);
    for (row, claim) in claims.into_iter().enumerate() {
        let (kind, flags) = (columns.types.get(columns.kinds[row]), columns.flags[row]);
        let event = UsageEvent {
            id: claim.id.clone(),
            source: claim.source.clone(),
            event_type: kind.ok_or(Malformed("an event has a type that is not there"))?.to_string(),
            subject: subjects.next().ok_or(Malformed("an event has no subject"))?,
            time: columns.times[row],
            time_given: flags & TIME_GIVEN != 0,
            data: if flags & HAS_DATA == 0 { None } else { data.next() },
            extensions: if flags & HAS_EXTENSIONS == 0 { None } else { extensions.next() },
        };
        events.push((event, claim));
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::super::columns::{CONTENT, encode};
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
            let read = Block::new(&bytes, Form::Columns).events().unwrap();
            let back: Vec<_> = read.iter().map(|(e, claim)| (e.clone(), claim.content)).collect();
            let kept: Vec<_> = rows.iter().map(|(e, content)| (e.clone(), content & CONTENT)).collect();
            prop_assert_eq!(&back, &kept);
            let all = Block::new(&bytes, Form::Columns).claims().unwrap();
            let some = Block::new(&bytes, Form::Columns).packed_claims().unwrap();
            for row in (0..rows.len()).step_by(3).chain((0..rows.len()).rev()) {
                prop_assert_eq!(&some.get(row).unwrap(), &all[row]);
            }
            prop_assert!(some.get(rows.len()).is_err());
            for (event, _) in &rows {
                prop_assert!(Block::new(&bytes, Form::Columns).may_have(&[fingerprint(&event.subject)]).unwrap());
            }
            // Few fingerprints are so much alike as others.
            let others = (0..100).filter(|i| Block::new(&bytes, Form::Columns).may_have(&[fingerprint(&format!("nobody {i}"))]).unwrap());
            prop_assert!(others.count() < 5);
        }

        #[test]
        fn damaged_bytes_are_refused_or_read_without_a_panic(
            rows in prop::collection::vec((event(), any::<u64>()), 1..10), place: prop::sample::Index, bit in 0u8..8,
        ) {
            let mut bytes = encode(rows.iter().map(|(e, h)| (e.borrowed(), *h))).bytes;
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
            let _ = Block::new(&bytes, Form::Columns).events();
            let _ = Block::new(&bytes, Form::Columns).claims();
            if let Ok(claims) = Block::new(&bytes, Form::Columns).packed_claims() {
                let _ = claims.get(rows.len() / 2);
            }
            let _ = Block::new(&bytes, Form::Columns).may_have(&[1]);
        }
    }
}
