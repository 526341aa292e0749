//! Exact figures as text.

use usage_domain::decimal::DecimalError;
use usage_domain::ratio::Ratio;
use usage_domain::rounding::{Mode, round};

/// Digits after the point of a figure that has no end, such as a third.
const ENDLESS: i8 = 18;

/// All digits of a figure; of one without an end, 18 after the point.
pub(crate) fn text(figure: Ratio) -> Result<String, DecimalError> {
    let written = match figure.as_decimal() {
        Some(decimal) => decimal,
        None => round(figure, Mode::HalfAwayFromZero, ENDLESS)?,
    };
    Ok(written.to_string())
}
