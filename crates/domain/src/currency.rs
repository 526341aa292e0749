//! Currencies and their minor units, by ISO 4217 list one (1 January 2026).
//!
//! A currency is a code and a number of decimals; amounts of different currencies never add.

use std::fmt;
use std::str::FromStr;

/// An ISO 4217 currency, such as `USD`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

/// The text is not the code of a currency in use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not an ISO 4217 currency code, such as USD, EUR or JPY")]
pub struct UnknownCurrency(pub String);

/// Active codes whose minor unit is a hundredth.
const TWO: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP \
    BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP \
    GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR \
    LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB \
    PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL \
    THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG";
/// Active codes without a minor unit.
const ZERO: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
/// Active codes whose minor unit is a thousandth.
const THREE: &str = "BHD IQD JOD KWD LYD OMR TND";
/// Active codes whose minor unit is a ten-thousandth.
const FOUR: &str = "CLF UYW";

impl Currency {
    /// The dollar of the United States: the currency where none is named.
    pub const USD: Currency = Currency(*b"USD");

    /// The three-letter code.
    #[must_use]
    pub fn code(&self) -> &str {
        // Only codes from the ASCII tables above are ever constructed.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Decimals of the minor unit: 2 for USD, 0 for JPY, 3 for KWD.
    #[must_use]
    pub fn minor_digits(self) -> u8 {
        [(ZERO, 0), (THREE, 3), (FOUR, 4)]
            .into_iter()
            .find_map(|(codes, digits)| lists(codes, self.code()).then_some(digits))
            .unwrap_or(2)
    }
}

/// Whether a table has a code of three letters; its codes stand four bytes apart.
fn lists(codes: &str, code: &str) -> bool {
    codes.as_bytes().chunks(4).any(|known| known.starts_with(code.as_bytes()))
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    /// Reads an upper-case code.
    fn from_str(code: &str) -> Result<Currency, UnknownCurrency> {
        let unknown = || UnknownCurrency(code.chars().take(32).collect());
        let bytes: [u8; 3] = code.as_bytes().try_into().map_err(|_| unknown())?;
        [TWO, ZERO, THREE, FOUR]
            .into_iter()
            .any(|codes| lists(codes, code))
            .then_some(Currency(bytes))
            .ok_or_else(unknown)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_units_are_those_of_iso_4217() {
        for (code, digits) in
            [("USD", 2), ("EUR", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("TND", 3), ("CLF", 4)]
        {
            assert_eq!(code.parse::<Currency>().unwrap().minor_digits(), digits, "{code}");
        }
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for code in ["usd", "US", "AAA", "DOLLAR", "", "BTC", "€"] {
            assert_eq!(code.parse::<Currency>(), Err(UnknownCurrency(code.to_string())));
        }
    }
}
