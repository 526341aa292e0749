//! Opening the log: finding its records, and cutting off what a crash left unfinished at its end.

use super::append::Appender;
use super::segment::{LogIndex, RecordRef, SEGMENT_HEADER, Segment};
use crate::StoreError;
use crate::embedded::faults::Faults;
use crate::format::codec::Malformed;
use crate::format::record::{self, HEADER, Header};
use std::cmp::Ordering;
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
    /// The last segment's file, where a crash interrupted the making of it.
    stub: Option<PathBuf>,
}

/// Finds all records of the log in `folder`; changes nothing.
pub(crate) fn find(folder: &Path) -> Result<Found, StoreError> {
    let mut found = Found { index: LogIndex::default(), next: 0, length: 0, torn: None, stub: None };
    let mut names = segment_names(folder)?;
    let stub = match names.last() {
        Some((_, path)) if is_stub(path)? => names.pop(),
        _ => None,
    };
    for (i, (first, path)) in names.iter().enumerate() {
        found.expects(*first, path)?;
        let segment = Arc::new(Segment::open(path.clone(), *first)?);
        let end = names.get(i + 1).or(stub.as_ref()).map(|(next, _)| *next);
        walk(&segment, end, &mut found)?;
    }
    if let Some((first, path)) = stub {
        found.expects(first, &path)?;
        // A new segment was to follow: what stands behind the last record before it was refused.
        if let Some(last) = found.index.segments.last() {
            let (path, offset, length) = (last.path.clone(), found.length, last.length()?);
            found.torn = (offset < length).then(|| TornTail { path, offset, bytes: length - offset });
        }
        found.stub = Some(path);
    }
    Ok(found)
}

impl Found {
    /// Checks that a segment which begins with the event `first` comes next.
    fn expects(&self, first: u64, path: &Path) -> Result<(), StoreError> {
        let what = match first.cmp(&self.next) {
            Ordering::Equal => return Ok(()),
            Ordering::Greater => format!("events {} to {} are missing before it", self.next, first - 1),
            Ordering::Less => format!("it begins with event {first}, and event {} is expected", self.next),
        };
        Err(StoreError::Damaged { path: path.to_path_buf(), offset: 0, what })
    }
}

/// The folder's segments with the sequence of their first event, in order.
fn segment_names(folder: &Path) -> Result<Vec<(u64, PathBuf)>, StoreError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(StoreError::io("cannot read", folder))? {
        let path = entry.map_err(StoreError::io("cannot read", folder))?.path();
        let first = path.file_stem().and_then(|s| s.to_str()).and_then(|s| s.parse().ok());
        if let Some(first) = first
            && path == Segment::path(folder, first)
        {
            names.push((first, path));
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Whether a segment's file has no more than a part of its first bytes: nothing was ever in it.
fn is_stub(path: &Path) -> Result<bool, StoreError> {
    let length = fs::metadata(path).map_err(StoreError::io("cannot read", path))?.len();
    let name = SEGMENT_HEADER.len() as u64;
    // A machine that loses power may keep a file's length and not its bytes.
    let lost = || fs::read(path).map(|bytes| bytes.iter().all(|byte| *byte == 0));
    Ok(length < name || (length == name && lost().map_err(StoreError::io("cannot read", path))?))
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
    let mut found = segment.header(offset);
    if let Ok(header) = &found {
        let record = HEADER as u64 + u64::from(header.body_length);
        if record > rest {
            // The header is sound and the file ends within the body.
            let short = segment.damaged(offset, &Malformed("it ends too early"));
            return if last { Ok(None) } else { Err(short) };
        }
        if last && record == rest {
            found = segment.record(offset).map(|(header, _)| header);
        }
    }
    match found {
        Err(StoreError::Damaged { .. }) if last && lost_pages(segment, offset, rest)? => Ok(None),
        found => found.map(Some),
    }
}

/// Whether the bytes from `offset` on are a record of which pages never reached the disk: a machine
/// that loses power may keep a file's length and lose any pages of what was being written, which
/// then read as zeros. A record that was acknowledged has its bytes, and a record that others
/// follow was acknowledged.
fn lost_pages(segment: &Segment, offset: u64, rest: u64) -> Result<bool, StoreError> {
    const PAGE: usize = 4096;
    let bytes = segment.bytes(offset, usize::try_from(rest).unwrap_or(usize::MAX))?;
    let on_page = usize::try_from(offset % PAGE as u64).unwrap_or(0);
    let to_page = (PAGE - on_page).min(bytes.len());
    let (first, others) = bytes.split_at(to_page);
    let mut pages = std::iter::once(first).chain(others.chunks(PAGE));
    // Fewer bytes may well be zeros of a sound record.
    let lost = pages.any(|page| page.len() >= 16 && page.iter().all(|byte| *byte == 0));
    Ok(lost && !record::any_header(bytes.get(1..).unwrap_or_default()))
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
    if let Some(stub) = &found.stub {
        // It goes after what was refused before it was cut off: its name says where that begins.
        fs::remove_file(stub).map_err(StoreError::io("cannot remove", stub))?;
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
