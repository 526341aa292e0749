//! Exact figures as plain integers, so that amounts are checked by other arithmetic than the domain's.

use crate::dice::Dice;
use std::fmt;
use usage_domain::decimal::Decimal;

/// Fraction digits of every figure here.
const SCALE: usize = 18;
/// 1, as figures are kept.
pub(crate) const ONE: i128 = 10i128.pow(18);

/// A figure in units of 10^-18. What is drawn is small enough that no sum of it overflows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Figure(pub(crate) i128);

impl Figure {
    /// Reads what the domain writes; `None` for a figure that nothing here adds up to.
    pub(crate) fn of(decimal: Decimal) -> Option<Figure> {
        let text = decimal.to_string();
        let (sign, digits) = text.strip_prefix('-').map_or((1, &*text), |digits| (-1, digits));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if fraction.len() > SCALE {
            return None;
        }
        let units: i128 = format!("{whole}{fraction:0<SCALE$}").parse().ok()?;
        Some(Figure(sign * units))
    }

    pub(crate) fn plus(self, other: Figure) -> Figure {
        Figure(self.0 + other.0)
    }

    /// The exact product of two figures of at most 9 fraction digits.
    pub(crate) fn times(self, other: Figure) -> Figure {
        let nine = 10i128.pow(9);
        assert!(self.0 % nine == 0 && other.0 % nine == 0, "{self} × {other} has more than 18 digits");
        Figure((self.0 / nine) * (other.0 / nine))
    }

    /// Rounded half away from zero.
    pub(crate) fn rounded(self, digits: u32) -> Figure {
        let unit = ONE / 10i128.pow(digits);
        let (whole, rest) = (self.0 / unit, self.0 % unit);
        let up = if rest.abs() * 2 >= unit { rest.signum() } else { 0 };
        Figure((whole + up) * unit)
    }

    /// One of the ways in which a JSON number says this figure.
    pub(crate) fn spelled(self, dice: &mut Dice) -> String {
        let plain = self.to_string();
        match dice.below(4) {
            0 => {
                let (digits, zeros) = self.significant();
                format!("{digits}{}{}", dice.pick(&["e", "E"]), zeros as i64 - SCALE as i64)
            }
            1 => {
                let fraction = plain.split_once('.').map_or(0, |(_, fraction)| fraction.len());
                let zeros = dice.place(SCALE - fraction + 1);
                let point = if fraction == 0 && zeros > 0 { "." } else { "" };
                format!("{plain}{point}{}", "0".repeat(zeros))
            }
            _ => plain,
        }
    }

    /// The coefficient without trailing zeros, and how many it had.
    fn significant(self) -> (i128, usize) {
        let (mut digits, mut zeros) = (self.0, 0);
        while digits != 0 && digits % 10 == 0 {
            digits /= 10;
            zeros += 1;
        }
        (digits, zeros)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, units) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let one = ONE.unsigned_abs();
        let fraction = format!("{:0SCALE$}", units % one);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        write!(f, "{sign}{}{point}{fraction}", units / one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_figure_is_that_figure_to_the_domain() {
        let mut dice = Dice::new(1);
        for units in [0, 1, -1, ONE, -ONE, 15 * ONE / 10, 1_661 * ONE / 100, 10i128.pow(33), -12_345_678_901]
        {
            for _ in 0..50 {
                let text = Figure(units).spelled(&mut dice);
                let read = Figure::of(text.parse().unwrap()).unwrap();
                assert_eq!(read, Figure(units), "{text}");
            }
        }
    }

    #[test]
    fn halves_are_rounded_away_from_zero() {
        for (units, digits, rounded) in [
            ("16.605", 2, "16.61"),
            ("-16.605", 2, "-16.61"),
            ("16.6049", 2, "16.6"),
            ("-0.5", 0, "-1"),
            ("1.0005", 3, "1.001"),
        ] {
            let figure = Figure::of(units.parse().unwrap()).unwrap();
            assert_eq!(figure.rounded(digits).to_string(), rounded);
        }
    }
}
