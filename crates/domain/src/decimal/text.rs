//! Figures as text: reading digits as they are written, writing them without an exponent.

use super::{Decimal, DecimalError, MAX_FRACTION_DIGITS, MAX_INTEGER_DIGITS, power_of_ten};
use ethnum::I256;
use std::fmt;
use std::str::FromStr;

/// Longest text that is looked at; a longer one cannot be a figure that fits.
const MAX_TEXT: usize = 512;

impl FromStr for Decimal {
    type Err = DecimalError;

    /// Reads `12`, `-0.50`, `.5`, `1e-7`: a sign, digits, a point, an exponent. Nothing is rounded.
    fn from_str(text: &str) -> Result<Decimal, DecimalError> {
        let (negative, unsigned) = match text.as_bytes() {
            [b'-', ..] => (true, &text[1..]),
            [b'+', ..] => (false, &text[1..]),
            _ => (false, text),
        };
        if let Some((digits, scale)) = plain(unsigned) {
            let coefficient = if negative { -digits } else { digits };
            return Ok(Decimal { coefficient: I256::from(coefficient), scale });
        }
        if unsigned.len() > MAX_TEXT {
            return Err(if unsigned.bytes().all(|b| b.is_ascii_digit()) {
                DecimalError::TooLarge
            } else {
                DecimalError::NotANumber
            });
        }
        let (mantissa, exponent) = split_exponent(unsigned)?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.len() + fraction.len() == 0 || mantissa.ends_with('.') {
            return Err(not_a_number(unsigned));
        }
        if !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
            return Err(not_a_number(unsigned));
        }
        let (digits, scale) = significant(whole, fraction, exponent)?;
        let coefficient = if negative { -digits } else { digits };
        Ok(Decimal { coefficient, scale })
    }
}

impl Decimal {
    /// Reads what [`Decimal`] is written as: plain digits, as many as a computed figure may have. Figures
    /// from outside are read by [`str::parse`], which has narrower limits.
    ///
    /// # Errors
    /// Anything but plain digits, or more of them than are kept.
    pub fn computed(text: &str) -> Result<Decimal, DecimalError> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = format!("{whole}{fraction}");
        let is_plain = !whole.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_plain || unsigned.ends_with('.') {
            return Err(DecimalError::NotANumber);
        }
        let scale = u8::try_from(fraction.len()).map_err(|_| DecimalError::Overflow)?;
        let coefficient: I256 = digits.parse().map_err(|_| DecimalError::Overflow)?;
        Decimal::fitting(if text.starts_with('-') { -coefficient } else { coefficient }, scale)
    }
}

/// Up to 18 digits with or without a point among them, as nearly all figures are; `None` for any
/// other text, which is then read with care.
fn plain(text: &str) -> Option<(i64, u8)> {
    let bytes = text.as_bytes();
    if bytes.len() > 19 || !bytes.first()?.is_ascii_digit() || !bytes.last()?.is_ascii_digit() {
        return None;
    }
    let (mut digits, mut count, mut scale) = (0i64, 0, None);
    for byte in bytes {
        match byte {
            b'0'..=b'9' if count == 18 => return None,
            b'0'..=b'9' => {
                digits = digits * 10 + i64::from(byte - b'0');
                count += 1;
                scale = scale.map(|places: u8| places + 1);
            }
            b'.' if scale.is_none() => scale = Some(0),
            _ => return None,
        }
    }
    Some((digits, scale.unwrap_or(0)))
}

fn split_exponent(text: &str) -> Result<(&str, i32), DecimalError> {
    match text.split_once(['e', 'E']) {
        None => Ok((text, 0)),
        Some((mantissa, exponent)) => {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(not_a_number(text));
            }
            // An exponent of more digits than an i32 holds is beyond every limit anyway.
            let size = digits.parse().unwrap_or(i32::MAX / 2);
            Ok((mantissa, if exponent.starts_with('-') { -size } else { size }))
        }
    }
}

/// The digits of `whole`.`fraction` × 10^`exponent` as a coefficient and a scale.
fn significant(whole: &str, fraction: &str, exponent: i32) -> Result<(I256, u8), DecimalError> {
    let fraction = fraction.trim_end_matches('0');
    let whole = whole.trim_start_matches('0');
    // Without leading and trailing zeros: `digits` × 10^`power`.
    let mut digits = format!("{whole}{fraction}");
    let mut power = i64::from(exponent) - fraction.len() as i64;
    while digits.ends_with('0') {
        digits.pop();
        power += 1;
    }
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Ok((I256::ZERO, 0));
    }
    if digits.len() as i64 + power > i64::from(MAX_INTEGER_DIGITS) {
        return Err(DecimalError::TooLarge);
    }
    if -power > i64::from(MAX_FRACTION_DIGITS) {
        return Err(DecimalError::TooFine);
    }
    // Both limits hold, so there are at most 38 digits: they fit 128 bits.
    let coefficient: i128 = digits.parse().map_err(|_| DecimalError::TooLarge)?;
    let coefficient = I256::new(coefficient);
    match u8::try_from(power) {
        Ok(zeros) => Ok((coefficient * power_of_ten(zeros), 0)),
        Err(_) => Ok((coefficient, u8::try_from(-power).map_err(|_| DecimalError::TooFine)?)),
    }
}

fn not_a_number(text: &str) -> DecimalError {
    let text = text.to_ascii_lowercase();
    match text.as_str() {
        "nan" => DecimalError::NaN,
        "infinity" | "inf" => DecimalError::Infinite,
        _ => DecimalError::NotANumber,
    }
}

impl fmt::Display for Decimal {
    /// Plain digits without an exponent and without trailing zeros after the point. A precision
    /// (`{:.2}`) asks for at least so many fraction digits; none is ever cut off.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.normalized();
        let scale = usize::from(plain.scale);
        let digits = plain.coefficient().unsigned_abs().to_string();
        let digits = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let least = f.precision().unwrap_or(0);
        let mut text = String::from(whole);
        if scale > 0 || least > 0 {
            text.push('.');
            text.push_str(fraction);
            text.extend(std::iter::repeat_n('0', least.saturating_sub(scale)));
        }
        let sign = if self.is_negative() { "-" } else { "" };
        let text = format!("{sign}{text}");
        match f.width() {
            Some(width) => write!(f, "{text:>width$}"),
            None => f.write_str(&text),
        }
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_as_written() {
        for (text, shown) in [
            ("0", "0"),
            ("-0", "0"),
            ("0.00", "0"),
            ("007.50", "7.5"),
            ("+3", "3"),
            (".5", "0.5"),
            ("120.10", "120.1"),
            ("1e3", "1000"),
            ("1E+3", "1000"),
            ("1.5e-7", "0.00000015"),
            ("0.00000080000", "0.0000008"),
            ("1e-18", "0.000000000000000001"),
            ("123456789012345678901234567890e-18", "123456789012.34567890123456789"),
            ("99999999999999999999.999999999999999999", "99999999999999999999.999999999999999999"),
            // As many digits as nearly fit the quick way.
            ("9223372036854775808", "9223372036854775808"),
            ("-9999999999999999999", "-9999999999999999999"),
            ("999999999999999999", "999999999999999999"),
            ("9.99999999999999999", "9.99999999999999999"),
            ("0e999999999999", "0"),
        ] {
            assert_eq!(text.parse::<Decimal>().map(|d| d.to_string()), Ok(shown.to_string()), "{text}");
        }
    }

    #[test]
    fn what_is_no_figure_is_refused_with_the_reason() {
        use DecimalError::{Infinite, NaN, NotANumber, TooFine, TooLarge};
        let long = "9".repeat(600);
        for (text, reason) in [
            ("", NotANumber),
            ("-", NotANumber),
            (".", NotANumber),
            ("5.", NotANumber),
            ("1,000", NotANumber),
            ("12abc", NotANumber),
            ("1e", NotANumber),
            ("1e1.5", NotANumber),
            ("--1", NotANumber),
            ("1.2.3", NotANumber),
            (" 1", NotANumber),
            ("NaN", NaN),
            ("-Infinity", Infinite),
            ("inf", Infinite),
            ("1e400", TooLarge),
            ("1e20", TooLarge),
            ("1e99999999999999999999", TooLarge),
            ("1e30", TooLarge),
            ("1e-19", TooFine),
            ("0.1234567890123456789", TooFine),
            (long.as_str(), TooLarge),
        ] {
            assert_eq!(text.parse::<Decimal>(), Err(reason), "{text}");
        }
    }

    #[test]
    fn a_precision_pads_but_never_cuts() {
        let d: Decimal = "16.6".parse().unwrap();
        assert_eq!(format!("{d:.2}"), "16.60");
        assert_eq!(format!("{d:.0}"), "16.6");
        assert_eq!(format!("{:.2}", Decimal::from(5)), "5.00");
        assert_eq!(format!("{:.2}", Decimal::new(-5, 3)), "-0.005");
    }
}
