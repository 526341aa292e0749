//! UUIDs as text, written in place.

/// How long the text is.
pub(super) const LENGTH: usize = 36;

/// The two digits of every byte.
const DIGITS: [[u8; 2]; 256] = {
    let hex = b"0123456789abcdef";
    let mut digits = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        digits[byte] = [hex[byte >> 4], hex[byte & 15]];
        byte += 1;
    }
    digits
};

/// Where the bytes stand; dashes are between.
const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

/// Writes a random UUID, version 4, of which six of the bits are not used.
pub(super) fn write_v4(text: &mut [u8], high: u64, low: u64) {
    write(text, high & !0xf000 | 0x4000, low);
}

/// Writes a UUID of a moment, version 7: milliseconds first, then what is left of the microseconds,
/// so that ids of one sender stand in their order.
pub(super) fn write_v7(text: &mut [u8], micros: u64, low: u64) {
    let (millis, rest) = (micros / 1000, micros % 1000);
    write(text, millis << 16 | 0x7000 | rest << 2 | low >> 62, low);
}

fn write(text: &mut [u8], high: u64, low: u64) {
    let variant = low & !(0b11 << 62) | 0b10 << 62;
    let bytes = (u128::from(high) << 64 | u128::from(variant)).to_be_bytes();
    let text = &mut text[..LENGTH];
    for (byte, place) in bytes.iter().zip(PLACES) {
        text[place..place + 2].copy_from_slice(&DIGITS[usize::from(*byte)]);
    }
    for dash in [8, 13, 18, 23] {
        text[dash] = b'-';
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl Fn(&mut [u8])) -> String {
        let mut text = vec![0; LENGTH];
        write(&mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn ids_have_their_version_and_variant_whatever_the_bits() {
        assert_eq!(text(|text| write_v4(text, u64::MAX, u64::MAX)), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(text(|text| write_v4(text, 0, 0)), "00000000-0000-4000-8000-000000000000");
        // 2022-02-22T19:22:22Z, the moment of RFC 9562's own example.
        let millis = 0x017f_22e2_79b0;
        assert_eq!(
            text(|text| write_v7(text, millis * 1000 + 999, 0)),
            "017f22e2-79b0-7f9c-8000-000000000000"
        );
    }

    #[test]
    fn ids_of_later_moments_come_later_in_the_order_of_text() {
        let moments = [0, 1, 999, 1000, 1_700_000_000_000_000, 1_700_000_000_000_001];
        let ids = moments.map(|micros| text(|text| write_v7(text, micros, u64::MAX - micros)));
        assert!(ids.is_sorted(), "{ids:?}");
    }
}
