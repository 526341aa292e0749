//! What the bodies of requests may take: of memory each and together, and of time.
//!
//! Owns the count of bytes that all bodies hold at the moment. A byte of a body must never be kept
//! that is not counted here.

use crate::error::ApiError;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// What bodies of requests may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of one body, before it is unpacked and after.
    pub body: usize,
    /// Bytes of all bodies that are being read, or are not stored yet. More are refused with 429.
    pub together: usize,
    /// How long a sender may pause in the middle of a body, before it is refused with 408.
    pub pause: Duration,
    /// How long a body may take as a whole.
    pub whole: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            body: 16 << 20,
            together: 256 << 20,
            pause: Duration::from_secs(10),
            whole: Duration::from_secs(300),
        }
    }
}

/// The limits, and what is held of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Intake {
    pub(super) limits: Limits,
    held: Arc<AtomicUsize>,
}

impl Intake {
    pub(crate) fn new(limits: Limits) -> Intake {
        Intake { limits, held: Arc::default() }
    }

    /// A body that holds nothing yet.
    pub(super) fn body(&self) -> Held {
        Held { intake: self.clone(), bytes: Vec::new(), counted: 0, beside: 0 }
    }
}

/// The bytes of a body, counted until they are dropped.
pub(crate) struct Held {
    intake: Intake,
    bytes: Vec<u8>,
    counted: usize,
    /// What the same request holds otherwise.
    beside: usize,
}

/// What is made room for once a body begins, at most: a sender that announces much holds little
/// before it has sent much.
const FIRST: usize = 512 << 10;

impl Held {
    /// What this body unpacks to, which holds nothing yet.
    pub(super) fn unpacked(&self) -> Held {
        let mut unpacked = self.intake.body();
        unpacked.beside = self.counted;
        unpacked
    }

    /// Takes the bytes out; what they take stays counted.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The most that it may have.
    pub(super) fn limit(&self) -> usize {
        self.intake.limits.body
    }

    /// Adds bytes; `expected` is how many the whole is to have, where that is known.
    pub(super) fn push(&mut self, bytes: &[u8], expected: Option<usize>) -> Result<(), ApiError> {
        let needed = self.bytes.len() + bytes.len();
        if needed > self.intake.limits.body {
            return Err(ApiError::too_large(self.intake.limits.body));
        }
        if needed > self.bytes.capacity() {
            let most = self.intake.limits.body;
            let room = match expected {
                Some(expected) => expected.min(FIRST.max(4 * self.bytes.capacity())),
                None => 2 * self.bytes.capacity(),
            };
            let room = room.min(most).max(needed);
            self.count(room - self.bytes.capacity())?;
            self.bytes.reserve_exact(room - self.bytes.len());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Counts further bytes as held. A lone request is never too much.
    pub(super) fn count(&mut self, bytes: usize) -> Result<(), ApiError> {
        let before = self.intake.held.fetch_add(bytes, Relaxed);
        let fits = before + bytes <= self.intake.limits.together || before == self.counted + self.beside;
        if !fits {
            self.intake.held.fetch_sub(bytes, Relaxed);
            return Err(ApiError::bodies_overloaded());
        }
        self.counted += bytes;
        Ok(())
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.intake.held.fetch_sub(self.counted, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intake(body: usize, together: usize) -> Intake {
        Intake::new(Limits { body, together, ..Limits::default() })
    }

    #[test]
    fn what_bodies_hold_is_counted_until_they_are_dropped() {
        let intake = intake(1 << 20, 1 << 20);
        let mut one = intake.body();
        one.push(&[0; 1000], Some(1000)).unwrap();
        one.push(&[0; 1000], None).unwrap();
        let mut other = intake.body();
        other.push(&[0; 1 << 19], Some(1 << 19)).unwrap();
        assert!(intake.held.load(Relaxed) >= 2000 + (1 << 19));
        let taken = one.take();
        assert_eq!(taken.len(), 2000);
        assert!(other.push(&[0; (1 << 19) - 1000], None).is_err(), "more than together may be held");
        drop(one);
        other.push(&[0; (1 << 19) - 1000], None).unwrap();
        drop(other);
        assert_eq!(intake.held.load(Relaxed), 0);
    }

    #[test]
    fn room_is_made_for_what_came_and_not_for_what_is_announced() {
        let intake = intake(16 << 20, 256 << 20);
        let mut body = intake.body();
        body.push(b"[", Some(16 << 20)).unwrap();
        assert_eq!(intake.held.load(Relaxed), FIRST);
        body.push(&vec![0; FIRST], Some(16 << 20)).unwrap();
        assert_eq!(intake.held.load(Relaxed), 4 * FIRST);
        body.push(&vec![0; 4 * FIRST], Some(16 << 20)).unwrap();
        body.push(&vec![0; 16 * FIRST], Some(16 << 20)).unwrap();
        assert_eq!((intake.held.load(Relaxed), body.bytes.capacity()), (16 << 20, 16 << 20));
        assert!(body.push(&vec![0; 16 << 20], None).is_err(), "a body has its own limit");
    }
}
