//! What memory keeps of a run: enough to tell that a hash is not in it, and else at which place it is.
//!
//! A run is in the order of its hashes, and these are evenly spread. The filter divides their range into
//! buckets of eight hashes on average, and keeps where each bucket begins and, of every hash, the eight
//! bits that follow those which choose the bucket: 12 bits a hash. A hash that is in the run is always
//! found; one that is not passes in one of 32 cases. It is made in one pass over the run, without room
//! besides its own.

use super::page::PAGE;
use crate::format::codec::Malformed;
use std::io;

/// Hashes in a bucket on average.
const IN_BUCKET: u64 = 8;

/// Bits of hashes that are compared at once.
const WINDOW: usize = 16;
/// Hashes that are looked up together.
const AT_ONCE: usize = 64;

/// The filter of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    /// The rank at which each bucket begins, and the count of all.
    starts: Vec<u32>,
    /// Of every hash in order, the bits after those that choose its bucket; a window of zeros behind.
    rests: Vec<u8>,
    /// Hashes of a bucket, rounded down.
    step: u128,
}

fn buckets(count: u32) -> u64 {
    u64::from(count).div_ceil(IN_BUCKET).max(1)
}

/// The bucket of a hash, and the bits that come next.
#[expect(clippy::cast_possible_truncation, reason = "the halves of a product of two words are words")]
fn place(hash: u64, buckets: u64) -> (usize, u8) {
    let product = u128::from(hash) * u128::from(buckets);
    ((product >> 64) as usize, (product as u64 >> 56) as u8)
}

impl Filter {
    /// An empty filter for `count` hashes.
    pub(crate) fn with_room(count: u32) -> Filter {
        let step = (1 << 64) / u128::from(buckets(count));
        let buckets = usize::try_from(buckets(count)).unwrap_or(usize::MAX);
        let mut starts = Vec::with_capacity(buckets + 1);
        starts.push(0);
        Filter { starts, rests: Vec::with_capacity(count as usize + WINDOW), step }
    }

    /// Adds the next hash of `count`, in order.
    pub(crate) fn push(&mut self, hash: u64, count: u32) {
        let (bucket, rest) = place(hash, buckets(count));
        self.begin_up_to(bucket);
        self.rests.push(rest);
    }

    /// All buckets up to this one begin here at the latest.
    fn begin_up_to(&mut self, bucket: usize) {
        // A run has fewer than 2^32 entries.
        let rank = u32::try_from(self.rests.len()).unwrap_or(u32::MAX);
        while self.starts.len() <= bucket {
            self.starts.push(rank);
        }
    }

    /// Ends a filter that has all of its `count` hashes.
    pub(crate) fn finish(&mut self, count: u32) {
        self.begin_up_to(usize::try_from(buckets(count)).unwrap_or(usize::MAX));
        self.rests.extend([0; WINDOW]);
    }

    fn bucket(&self, hash: u64) -> (usize, &[u8], u8) {
        let (bucket, rest) = place(hash, self.starts.len() as u64 - 1);
        let (start, end) = (self.starts[bucket] as usize, self.starts[bucket + 1] as usize);
        (start, &self.rests[start..end], rest)
    }

    /// Calls `each` with the place in `wanted` of every hash that the run may have: of few that it has
    /// not.
    ///
    /// In two steps for many hashes, so that the processor waits for many memory cells at a time: where
    /// their buckets begin, and whether a window of fixed length from there on has them. What is compared
    /// beyond the end of a bucket lets a few more pass; a bucket that is longer passes always.
    pub(crate) fn may_have<P>(&self, wanted: &[(u64, P)], mut each: impl FnMut(usize)) {
        let buckets = self.starts.len() as u64 - 1;
        for (number, wanted) in wanted.chunks(AT_ONCE).enumerate() {
            let mut begun = [(0, 0, false); AT_ONCE];
            for (begun, (hash, _)) in begun.iter_mut().zip(wanted) {
                let (bucket, rest) = place(*hash, buckets);
                let (start, end) = (self.starts[bucket] as usize, self.starts[bucket + 1] as usize);
                *begun = (start, rest, end - start > WINDOW);
            }
            let mut passed = 0u64;
            for (bit, (start, rest, passes)) in begun[..wanted.len()].iter().enumerate() {
                let window = &self.rests[*start..*start + WINDOW];
                let equal = window.iter().fold(*passes, |found, other| found | (other == rest));
                passed |= u64::from(equal) << bit;
            }
            while passed != 0 {
                each(number * AT_ONCE + passed.trailing_zeros() as usize);
                passed &= passed - 1;
            }
        }
    }

    /// The ranks in the run at which this hash may be.
    pub(crate) fn ranks(&self, hash: u64) -> impl Iterator<Item = u64> + '_ {
        let (start, rests, rest) = self.bucket(hash);
        (start as u64..).zip(rests).filter(move |(_, other)| **other == rest).map(|(rank, _)| rank)
    }

    /// The bucket that has the hash of this rank, from this one on.
    pub(super) fn bucket_of(&self, rank: u64, mut bucket: usize) -> usize {
        while self.starts.get(bucket + 1).is_some_and(|end| u64::from(*end) <= rank) {
            bucket += 1;
        }
        bucket
    }

    /// A hash that is hardly less than any of this bucket that may be at this rank.
    pub(super) fn least(&self, bucket: usize, rank: u64) -> u64 {
        let rest = usize::try_from(rank).ok().and_then(|rank| self.rests.get(rank)).copied();
        // It is too small by less than there are buckets.
        let least = bucket as u128 * self.step + ((u128::from(rest.unwrap_or(0)) * self.step) >> 8);
        u64::try_from(least).unwrap_or(u64::MAX)
    }

    /// Buckets of a filter of `count` hashes.
    pub(super) fn buckets(count: u32) -> u64 {
        buckets(count)
    }

    /// Whether this hash is where the filter says that hashes like it are.
    pub(crate) fn has_at(&self, rank: u64, hash: u64) -> bool {
        let (start, rests, rest) = self.bucket(hash);
        let within = usize::try_from(rank).ok().and_then(|rank| rank.checked_sub(start));
        within.and_then(|within| rests.get(within)) == Some(&rest)
    }

    /// Bytes of the stored form of a filter of `count` hashes.
    pub(crate) fn stored(count: u32) -> u64 {
        (buckets(count) + 1) * 4 + u64::from(count)
    }

    /// The stored form, in parts.
    pub(crate) fn write(&self, mut out: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(PART);
        for part in self.starts.chunks(PART / 4) {
            bytes.clear();
            bytes.extend(part.iter().flat_map(|start| start.to_le_bytes()));
            out(&bytes)?;
        }
        self.rests[..self.rests.len() - WINDOW].chunks(PART).try_for_each(out)
    }

    /// Reads a stored form of `count` hashes; `fill` gives its bytes in order.
    pub(crate) fn read(
        count: u32,
        mut fill: impl FnMut(&mut [u8]) -> io::Result<()>,
    ) -> io::Result<Result<Filter, Malformed>> {
        let mut filter = Filter::with_room(count);
        filter.starts.clear();
        in_parts((buckets(count) + 1) * 4, &mut fill, |part| {
            let starts = part.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
            filter.starts.extend(starts);
        })?;
        in_parts(u64::from(count), &mut fill, |part| filter.rests.extend_from_slice(part))?;
        filter.rests.extend([0; WINDOW]);
        // What is looked up later must be there.
        let in_order = filter.starts.is_sorted() && filter.starts.last() == Some(&count);
        Ok(if in_order { Ok(filter) } else { Err(Malformed("its filter has no order")) })
    }

    /// Bytes that it takes.
    #[cfg(test)]
    pub(crate) fn size(&self) -> usize {
        self.starts.capacity() * 4 + self.rests.capacity()
    }
}

/// Bytes that are read or written at once.
const PART: usize = 64 * PAGE;

/// Calls `each` with the next `size` bytes, part by part.
fn in_parts(
    size: u64,
    fill: &mut impl FnMut(&mut [u8]) -> io::Result<()>,
    mut each: impl FnMut(&[u8]),
) -> io::Result<()> {
    let mut left = usize::try_from(size).map_err(io::Error::other)?;
    let mut bytes = vec![0; left.min(PART)];
    while left > 0 {
        let part = &mut bytes[..left.min(PART)];
        fill(part)?;
        each(part);
        left -= part.len();
    }
    Ok(())
}
