//! Bytes of the stored formats: little-endian integers, variable-length integers, texts, decimals,
//! and sections that are compressed where that is worth it.
//!
//! A reader never trusts a length: every read is checked against what is there.

use usage_domain::decimal::Decimal;

/// Why bytes are not of the format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(pub(crate) &'static str);

/// The largest section that is unpacked, in bytes.
const MAX_SECTION: usize = 1 << 30;
const RAW: u8 = 0;
const LZ4: u8 = 1;

/// Appends values to bytes.
pub(crate) trait Put {
    fn put_u32(&mut self, value: u32);
    fn put_u64(&mut self, value: u64);
    fn put_i64(&mut self, value: i64);
    fn put_var(&mut self, value: u64);
    fn put_signed(&mut self, value: i64);
    fn put_text(&mut self, text: &str);
    fn put_decimal(&mut self, value: Decimal);
    fn put_section(&mut self, bytes: &[u8]);
}

impl Put for Vec<u8> {
    fn put_u32(&mut self, value: u32) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn put_u64(&mut self, value: u64) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn put_i64(&mut self, value: i64) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    /// Seven bits a byte, the lowest first.
    fn put_var(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.push((value & 0x7f) as u8);
    }

    /// Zigzag: small sizes of either sign are short.
    fn put_signed(&mut self, value: i64) {
        self.put_var(((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    fn put_text(&mut self, text: &str) {
        self.put_var(text.len() as u64);
        self.extend_from_slice(text.as_bytes());
    }

    /// The scale, the count of significant bytes, and those bytes of the coefficient.
    fn put_decimal(&mut self, value: Decimal) {
        let (bytes, scale) = value.to_parts();
        let fill = if bytes[31] & 0x80 == 0 { 0x00 } else { 0xff };
        let mut length = 32;
        // A byte can go if the sign can still be told from the one below it.
        while length > 1 && bytes[length - 1] == fill && (bytes[length - 2] ^ fill) & 0x80 == 0 {
            length -= 1;
        }
        self.push(scale);
        self.push(u8::try_from(length).unwrap_or(32));
        self.extend_from_slice(&bytes[..length]);
    }

    /// How it is packed, its length before and after, the bytes.
    fn put_section(&mut self, bytes: &[u8]) {
        let packed = lz4_flex::block::compress(bytes);
        let worth_it = packed.len() + packed.len() / 16 < bytes.len();
        let (codec, body) = if worth_it { (LZ4, &packed[..]) } else { (RAW, bytes) };
        self.push(codec);
        self.put_var(bytes.len() as u64);
        self.put_var(body.len() as u64);
        self.extend_from_slice(body);
    }
}

/// Reads values from bytes, front to back.
pub(crate) struct Take<'a>(pub(crate) &'a [u8]);

impl<'a> Take<'a> {
    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (head, rest) = self.0.split_at_checked(count).ok_or(Malformed("it ends too early"))?;
        self.0 = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.bytes(N)?.try_into().map_err(|_| Malformed("it ends too early"))
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Malformed> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Malformed> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    pub(crate) fn var(&mut self) -> Result<u64, Malformed> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed("a number has too many bytes"))
    }

    pub(crate) fn signed(&mut self) -> Result<i64, Malformed> {
        let value = self.var()?;
        Ok((value >> 1).cast_signed() ^ -((value & 1).cast_signed()))
    }

    /// A count that is then used as an index or a length.
    pub(crate) fn size(&mut self) -> Result<usize, Malformed> {
        usize::try_from(self.var()?).map_err(|_| Malformed("a count is too large"))
    }

    /// A count of things of which each takes at least a byte of what is left.
    pub(crate) fn count(&mut self) -> Result<usize, Malformed> {
        let count = self.size()?;
        if count > self.0.len() { Err(Malformed("a count is larger than what is there")) } else { Ok(count) }
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        let length = self.size()?;
        std::str::from_utf8(self.bytes(length)?).map_err(|_| Malformed("a text is not UTF-8"))
    }

    pub(crate) fn decimal(&mut self) -> Result<Decimal, Malformed> {
        let (scale, length) = (self.byte()?, usize::from(self.byte()?));
        if !(1..=32).contains(&length) {
            return Err(Malformed("a figure has an impossible length"));
        }
        let significant = self.bytes(length)?;
        let fill = if significant[length - 1] & 0x80 == 0 { 0x00 } else { 0xff };
        let mut bytes = [fill; 32];
        bytes[..length].copy_from_slice(significant);
        Decimal::from_parts(bytes, scale).ok_or(Malformed("a figure is out of range"))
    }

    pub(crate) fn section(&mut self) -> Result<Vec<u8>, Malformed> {
        let codec = self.byte()?;
        let (unpacked, packed) = (self.size()?, self.size()?);
        let body = self.bytes(packed)?;
        if unpacked > MAX_SECTION {
            return Err(Malformed("a section is too large"));
        }
        match codec {
            RAW if packed == unpacked => Ok(body.to_vec()),
            LZ4 => lz4_flex::block::decompress(body, unpacked)
                .map_err(|_| Malformed("a section does not unpack")),
            _ => Err(Malformed("a section is packed in an unknown way")),
        }
    }

    pub(crate) fn end(&self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed("it has bytes too many")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_put_is_taken(a: u64, b: i64, text in ".{0,40}", digits in -1_000_000_000_000i64..1_000_000_000_000, scale in 0u8..19) {
            let decimal = Decimal::new(digits, scale);
            let mut bytes = Vec::new();
            bytes.put_var(a);
            bytes.put_signed(b);
            bytes.put_text(&text);
            bytes.put_decimal(decimal);
            bytes.put_section(text.repeat(9).as_bytes());
            let mut take = Take(&bytes);
            prop_assert_eq!(take.var().unwrap(), a);
            prop_assert_eq!(take.signed().unwrap(), b);
            prop_assert_eq!(take.text().unwrap(), &text);
            prop_assert_eq!(take.decimal().unwrap(), decimal);
            prop_assert_eq!(take.section().unwrap(), text.repeat(9).into_bytes());
            prop_assert!(take.end().is_ok());
        }

        #[test]
        fn bytes_of_any_kind_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = Take(&bytes).section();
            let _ = Take(&bytes).decimal();
            let _ = Take(&bytes).text();
        }
    }
}
