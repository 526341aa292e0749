//! Package: units are sold in packages, of which one that is begun is billed whole.

use super::invalid::{InvalidPrice, above_zero, not_negative};
use super::line::{Item, UnitPrice};
use crate::decimal::{Decimal, DecimalError};
use crate::ratio::Ratio;
use crate::rounding::{Mode, round};

/// A price for each package of so many units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Package {
    size: Decimal,
    amount: Decimal,
    free_units: Decimal,
}

impl Package {
    /// Packages of `size` units at `amount` each, after so many free units.
    ///
    /// # Errors
    /// A size that is not above zero, or free units below it.
    pub fn new(size: Decimal, amount: Decimal, free_units: Decimal) -> Result<Package, InvalidPrice> {
        above_zero("package_size", size)?;
        not_negative("free_units", Some(free_units))?;
        Ok(Package { size, amount, free_units })
    }

    /// How many units are in one.
    #[must_use]
    pub fn size(&self) -> Decimal {
        self.size
    }

    /// What one costs.
    #[must_use]
    pub fn amount(&self) -> Decimal {
        self.amount
    }

    /// The first units, which are free.
    #[must_use]
    pub fn free_units(&self) -> Decimal {
        self.free_units
    }

    /// Units that were given back count against paid packages; a part of one gives nothing back.
    pub(super) fn items(&self, quantity: Ratio) -> Result<Vec<Item>, DecimalError> {
        let paid = if quantity.is_positive() {
            quantity.sub(self.free_units.into())?.max(Ratio::ZERO)?
        } else {
            quantity
        };
        let packages = round(paid.div(self.size.into())?, Mode::Ceiling, 0)?;
        Ok(vec![Item::units(0, packages.into(), UnitPrice::Amount(self.amount))?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::fixtures::{d, shown};

    #[test]
    fn a_package_that_is_begun_is_billed_whole() {
        for (size, free_units, quantity, bill) in [
            ("10", "0", "0", ""),
            ("10", "0", "9", "1 × 15 = 15"),
            ("10", "0", "10", "1 × 15 = 15"),
            ("10", "0", "10.000000000000000001", "2 × 15 = 30"),
            ("10", "0", "121", "13 × 15 = 195"),
            ("10", "10", "121", "12 × 15 = 180"),
            ("10", "10", "10", ""),
            ("10", "10", "3", ""),
            ("0.3", "0", "1", "4 × 15 = 60"),
            ("10", "5", "-25", "-2 × 15 = -30"),
            ("10", "0", "-9", ""),
        ] {
            let package = Package::new(d(size), d("15"), d(free_units)).unwrap();
            assert_eq!(shown(&package.items(d(quantity).into()).unwrap()), bill, "{quantity}");
        }
    }

    #[test]
    fn a_package_of_nothing_is_refused() {
        for (size, free_units, reason) in [
            ("0", "0", "package_size: must be more than zero, not 0"),
            ("-10", "0", "package_size: must be more than zero, not -10"),
            ("10", "-1", "free_units: must be zero or more, not -1"),
        ] {
            assert_eq!(Package::new(d(size), d("1"), d(free_units)).unwrap_err().to_string(), reason);
        }
    }
}
