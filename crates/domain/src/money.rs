//! Amounts of money: an exact figure that carries its currency.

use crate::currency::Currency;
use crate::decimal::{Decimal, DecimalError};
use crate::rounding::half_away_from_zero;
use std::fmt;

/// An exact amount in a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    /// In whole units of the currency (dollars, not cents).
    pub amount: Decimal,
    /// What it is an amount of.
    pub currency: Currency,
}

/// Why two amounts have no sum.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Amounts of two currencies.
    #[error("{0} and {1} do not add")]
    TwoCurrencies(Currency, Currency),
    /// The sum is too large to be kept exactly.
    #[error(transparent)]
    Decimal(#[from] DecimalError),
}

#[expect(clippy::should_implement_trait, reason = "an operator could not refuse a second currency")]
impl Money {
    /// No money, in `currency`.
    #[must_use]
    pub fn zero(currency: Currency) -> Money {
        Money { amount: Decimal::ZERO, currency }
    }

    /// The exact sum.
    ///
    /// # Errors
    /// Two currencies, or a sum that does not fit.
    pub fn add(self, other: Money) -> Result<Money, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::TwoCurrencies(self.currency, other.currency));
        }
        Ok(Money { amount: self.amount.add(other.amount)?, currency: self.currency })
    }

    /// Whether it is so many whole minor units: nothing is left to round.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.rounded().is_ok_and(|rounded| rounded.amount == self.amount)
    }

    /// Rounded once to the currency's minor unit, half away from zero.
    ///
    /// # Errors
    /// None for amounts that fit.
    pub fn rounded(self) -> Result<Money, DecimalError> {
        let amount = half_away_from_zero(self.amount, self.currency.minor_digits())?;
        Ok(Money { amount, currency: self.currency })
    }

    /// The figure alone, with at least the decimals of the currency: `16.60`.
    #[must_use]
    pub fn figure(&self) -> String {
        format!("{:.*}", usize::from(self.currency.minor_digits()), self.amount)
    }
}

impl fmt::Display for Money {
    /// `$16.61` for dollars, `EUR 16.61` for everything else; a sign comes first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figure = self.figure();
        let (sign, figure) = figure.strip_prefix('-').map_or(("", &*figure), |rest| ("-", rest));
        if self.currency == Currency::USD {
            f.pad(&format!("{sign}${figure}"))
        } else {
            f.pad(&format!("{} {sign}{figure}", self.currency))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(amount: &str, code: &str) -> Money {
        Money { amount: amount.parse().unwrap(), currency: code.parse().unwrap() }
    }

    #[test]
    fn an_amount_is_rounded_to_its_currency_and_written_with_its_decimals() {
        for (amount, code, shown) in [
            ("16.605", "USD", "$16.61"),
            ("1234567.5", "USD", "$1234567.50"),
            ("-0.5", "USD", "-$0.50"),
            ("16.605", "EUR", "EUR 16.61"),
            ("-16.5", "JPY", "JPY -17"),
            ("1.0005", "KWD", "KWD 1.001"),
        ] {
            assert_eq!(money(amount, code).rounded().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn two_currencies_do_not_add() {
        let error = money("1", "USD").add(money("1", "EUR")).unwrap_err();
        assert_eq!(error.to_string(), "USD and EUR do not add");
    }
}
