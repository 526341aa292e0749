//! Opening the log: finding its records, and cutting off what a crash left unfinished at its end.

use super::append::Appender;
use super::record::{HEADER, Header};
use super::segment::{LogIndex, RecordRef, SEGMENT_HEADER, Segment};
use crate::StoreError;
use crate::embedded::codec::Malformed;
use crate::embedded::faults::Faults;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An unfinished record at the end of the log: its bytes were never acknowledged.
#[derive(Debug)]
pub(crate) struct TornTail {
    pub(crate) path: PathBuf,
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
}

/// What is in a log folder.
pub(crate) struct Found {
    pub(crate) index: LogIndex,
    /// The sequence of the next event.
    pub(crate) next: u64,
    /// Sound bytes of the last segment.
    pub(crate) length: u64,
    pub(crate) torn: Option<TornTail>,
}

/// Finds all records of the log in `folder`; changes nothing.
pub(crate) fn find(folder: &Path) -> Result<Found, StoreError> {
    let mut found = Found { index: LogIndex::default(), next: 0, length: 0, torn: None };
    let names = segment_names(folder)?;
    for (i, (first, path)) in names.iter().enumerate() {
        let last = i + 1 == names.len();
        if last && is_stub(path)? {
            // A crash while a segment was being made; nothing was ever in it.
            break;
        }
        if *first != found.next {
            return Err(StoreError::Damaged {
                path: path.clone(),
                offset: 0,
                what: format!("events {} to {} are missing before it", found.next, first.saturating_sub(1)),
            });
        }
        let segment = Arc::new(Segment::open(path.clone(), *first)?);
        let end = names.get(i + 1).map(|(next, _)| *next);
        walk(&segment, end, &mut found)?;
    }
    Ok(found)
}

/// The folder's segments with the sequence of their first event, in order.
fn segment_names(folder: &Path) -> Result<Vec<(u64, PathBuf)>, StoreError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(StoreError::io("cannot read", folder))? {
        let path = entry.map_err(StoreError::io("cannot read", folder))?.path();
        if path.extension().is_some_and(|e| e == "log")
            && let Some(first) = path.file_stem().and_then(|s| s.to_str()).and_then(|s| s.parse().ok())
        {
            names.push((first, path));
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn is_stub(path: &Path) -> Result<bool, StoreError> {
    let length = fs::metadata(path).map_err(StoreError::io("cannot read", path))?.len();
    Ok(length < SEGMENT_HEADER.len() as u64)
}

/// Adds a segment's records to what was found. `end` is where the next segment begins: what stands
/// here from that sequence on failed to be undone, and does not count.
fn walk(segment: &Arc<Segment>, end: Option<u64>, found: &mut Found) -> Result<(), StoreError> {
    let length = segment.length()?;
    let number = u32::try_from(found.index.segments.len()).unwrap_or(u32::MAX);
    found.index.segments.push(segment.clone());
    let mut offset = SEGMENT_HEADER.len() as u64;
    while offset < length && end.is_none_or(|end| found.next < end) {
        let header = match next_header(segment, offset, length, end.is_none())? {
            Some(header) => header,
            None => {
                let path = segment.path.clone();
                found.torn = Some(TornTail { path, offset, bytes: length - offset });
                break;
            }
        };
        if header.first != found.next {
            let what = format!("event {} is expected, event {} found", found.next, header.first);
            return Err(StoreError::Damaged { path: segment.path.clone(), offset, what });
        }
        let (events, times) = (header.events, header.times);
        found.index.records.push(RecordRef { first: found.next, events, segment: number, offset, times });
        found.next += u64::from(events);
        offset += HEADER as u64 + u64::from(header.body_length);
    }
    found.length = offset;
    Ok(())
}

/// The header of the record at `offset`; `None` where the end of the log is torn there.
fn next_header(
    segment: &Segment,
    offset: u64,
    length: u64,
    last: bool,
) -> Result<Option<Header>, StoreError> {
    let rest = length - offset;
    if last && rest < HEADER as u64 {
        return Ok(None);
    }
    let header = match segment.header(offset) {
        Err(StoreError::Damaged { .. }) if last && all_zero(segment, offset, rest)? => return Ok(None),
        other => other?,
    };
    let record = HEADER as u64 + u64::from(header.body_length);
    if record > rest {
        // The header is sound and the file ends within the body.
        return if last { Ok(None) } else { Err(segment.damaged(offset, &Malformed("it ends too early"))) };
    }
    if last && record == rest {
        match segment.record(offset) {
            // A machine that loses power may keep a file's length and lose its last pages, which
            // then read as zeros; a record that was acknowledged has its bytes.
            Err(StoreError::Damaged { .. }) if ends_in_zero_page(segment, length, record)? => {
                return Ok(None);
            }
            other => other?,
        };
    }
    Ok(Some(header))
}

fn all_zero(segment: &Segment, offset: u64, rest: u64) -> Result<bool, StoreError> {
    let rest = usize::try_from(rest).unwrap_or(usize::MAX);
    Ok(segment.bytes(offset, rest)?.iter().all(|byte| *byte == 0))
}

/// Whether the part of the last record on the file's last page is zero.
fn ends_in_zero_page(segment: &Segment, length: u64, record: u64) -> Result<bool, StoreError> {
    const PAGE: u64 = 4096;
    let on_page = match length % PAGE {
        0 => PAGE,
        part => part,
    };
    let part = on_page.min(record.saturating_sub(HEADER as u64));
    // Fewer bytes may well be zeros of a sound record.
    if part < 16 {
        return Ok(false);
    }
    all_zero(segment, length - part, part)
}

/// Opens the log for adding to it. A torn end is moved to a file of its own beside the log.
pub(crate) fn open(
    folder: &Path,
    segment_bytes: u64,
    faults: Faults,
) -> Result<(Found, Appender), StoreError> {
    let found = find(folder)?;
    if let Some(torn) = &found.torn {
        cut(torn).map_err(StoreError::io("cannot cut the torn end off", &torn.path))?;
        let (path, offset, bytes) = (&torn.path, torn.offset, torn.bytes);
        tracing::warn!(
            ?path,
            offset,
            bytes,
            "the log ended in an unfinished group; its bytes were set aside"
        );
    }
    let mut appender = Appender::new(folder, segment_bytes, faults);
    if let Some(last) = found.index.segments.last() {
        let segments = u32::try_from(found.index.segments.len()).unwrap_or(u32::MAX);
        appender.resume(last, found.length, segments)?;
    }
    Ok((found, appender))
}

fn cut(torn: &TornTail) -> io::Result<()> {
    let file = fs::OpenOptions::new().read(true).write(true).open(&torn.path)?;
    let mut aside = torn.path.clone().into_os_string();
    aside.push(format!(".torn-at-{}", torn.offset));
    let mut bytes = Vec::new();
    let mut reader = &file;
    io::Seek::seek(&mut reader, io::SeekFrom::Start(torn.offset))?;
    io::Read::read_to_end(&mut reader, &mut bytes)?;
    let mut kept = fs::File::create(PathBuf::from(aside))?;
    kept.write_all(&bytes)?;
    kept.sync_all()?;
    file.set_len(torn.offset)?;
    file.sync_all()
}
