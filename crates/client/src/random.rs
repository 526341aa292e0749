//! The one place where this crate draws randomness: for names of events and for jitter.

use std::fmt::Write;

/// A fresh UUID (version 4): no two events ever get the same.
///
/// # Panics
/// Where the operating system gives no random bytes: a name that is not fresh would lose usage.
pub(crate) fn event_id() -> String {
    let mut bytes = [0u8; 16];
    draw(&mut bytes);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let mut id = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            id.push('-');
        }
        // Writing to a String cannot fail.
        let _ = write!(id, "{byte:02x}");
    }
    id
}

/// A number to spread retries by.
pub(crate) fn jitter() -> u64 {
    let mut bytes = [0u8; 8];
    draw(&mut bytes);
    u64::from_le_bytes(bytes)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a client makes up the names of its events; no test depends on which"
)]
fn draw(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives random bytes");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_id_is_a_uuid_and_fresh() {
        let (id, other) = (event_id(), event_id());
        assert_ne!(id, other);
        let parts: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
        assert_eq!(&id[14..15], "4", "{id}");
        assert!(id.chars().all(|c| c == '-' || c.is_ascii_hexdigit()), "{id}");
    }
}
