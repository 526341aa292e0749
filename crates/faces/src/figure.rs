//! A bill's figures, read back from its texts.
//!
//! Sums and products on a bill have more digits than a figure from outside may have, and all of them are
//! read: nothing here rounds.

use crate::error::FaceError;
use usage_api::bill::Bill;
use usage_domain::decimal::{Decimal, DecimalError};

/// Digits that are read at a time.
const CHUNK: usize = 18;
const CHUNK_UNIT: Decimal = Decimal::new(1_000_000_000_000_000_000, 0);

/// The figures of one bill, whose name its complaints bear.
#[derive(Clone, Copy)]
pub(crate) struct Figures<'a>(pub(crate) &'a Bill);

impl Figures<'_> {
    /// Reads a figure.
    pub(crate) fn read(&self, field: &'static str, text: &str) -> Result<Decimal, FaceError> {
        parse(text).ok_or_else(|| FaceError::NoFigure { bill: self.name(), field, text: text.to_string() })
    }

    /// Reads a figure; nothing is zero.
    pub(crate) fn or_zero(&self, field: &'static str, text: Option<&str>) -> Result<Decimal, FaceError> {
        text.map_or(Ok(Decimal::ZERO), |text| self.read(field, text))
    }

    /// The result of a computation with them.
    pub(crate) fn fits<T>(&self, result: Result<T, DecimalError>) -> Result<T, FaceError> {
        result.map_err(|reason| FaceError::Amount { bill: self.name(), reason })
    }

    /// The bill, for those who have to find it.
    pub(crate) fn name(&self) -> String {
        let bill = self.0;
        match &bill.number {
            Some(number) => format!("bill {number}"),
            None => format!("the bill of customer {} for {}", bill.customer.number, bill.month),
        }
    }
}

/// Plain digits with a point and a sign, however many; `None` for anything else, and for what does not fit.
pub(crate) fn parse(text: &str) -> Option<Decimal> {
    let (negative, plain) = match text.strip_prefix('-') {
        Some(plain) => (true, plain),
        None => (false, text),
    };
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let digits = format!("{whole}{fraction}");
    if whole.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut figure = Decimal::ZERO;
    for chunk in digits.as_bytes().chunks(CHUNK) {
        let value: i64 = std::str::from_utf8(chunk).ok()?.parse().ok()?;
        let unit = if chunk.len() == CHUNK { CHUNK_UNIT } else { power(chunk.len(), 0)? };
        figure = figure.mul(unit).ok()?.add(Decimal::new(value, 0)).ok()?;
    }
    for places in chunks(fraction.len()) {
        figure = figure.mul(power(0, places)?).ok()?;
    }
    Some(if negative { figure.negate() } else { figure })
}

fn chunks(all: usize) -> impl Iterator<Item = usize> {
    (0..all).step_by(CHUNK).map(move |from| CHUNK.min(all - from))
}

/// 10^`zeros` × 10^-`places`, of one of which there is none.
fn power(zeros: usize, places: usize) -> Option<Decimal> {
    let one = 10_i64.checked_pow(u32::try_from(zeros).ok()?)?;
    Some(Decimal::new(one, u8::try_from(places).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn all_digits_of_a_product_are_read() {
        let fine: Decimal = "12345678901234567890.123456789012345678".parse().unwrap();
        let product = fine.mul(fine).unwrap();
        assert_eq!(product.scale(), 36);
        assert_eq!(parse(&product.to_string()), Some(product));
        assert_eq!(parse(&product.negate().to_string()), Some(product.negate()));
    }

    #[test]
    fn only_plain_digits_are_figures() {
        for text in ["", "-", ".", ".5", "1e3", "+1", "1,5", " 1", "1.2.3", "NaN", "٣", &"9".repeat(100)] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_figure_is_read_as_the_domain_reads_it(whole in 0u64.., fraction in "[0-9]{0,18}", sign in "-?") {
            let point = if fraction.is_empty() { "" } else { "." };
            let text = format!("{sign}{whole}{point}{fraction}");
            prop_assert_eq!(parse(&text), text.parse().ok());
        }
    }
}
