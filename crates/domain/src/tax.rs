//! Taxes: a rate, and what it is of.

use crate::decimal::Decimal;
use crate::plan::InvalidPlan;
use std::collections::BTreeSet;

/// The category of what names none.
pub const STANDARD: &str = "standard";

/// A tax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tax {
    /// What it is called in files and requests.
    pub key: String,
    /// What the bill says, such as `VAT 19 %`.
    pub name: String,
    /// The part of the amount, as a fraction.
    pub rate: Decimal,
    /// Whether amounts have it in them already.
    pub inclusive: bool,
    /// The categories of items that it is of; all, where there are none.
    pub categories: BTreeSet<String>,
    /// Whether it is of every customer who has no taxes of its own.
    pub is_default: bool,
}

impl Tax {
    /// Whether it is of items of this category.
    #[must_use]
    pub fn applies_to(&self, category: Option<&str>) -> bool {
        self.categories.is_empty() || self.categories.contains(category.unwrap_or(STANDARD))
    }

    /// Checks a tax.
    ///
    /// # Errors
    /// The first field that is not as it must be.
    pub fn check(&self) -> Result<(), InvalidPlan> {
        crate::plan::check_key("key", &self.key)?;
        crate::plan::check_name("name", &self.name)?;
        crate::plan::check_fraction("rate", self.rate)?;
        self.categories.iter().try_for_each(|category| crate::plan::check_key("categories", category))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tax(rate: &str, categories: &[&str]) -> Tax {
        Tax {
            key: "vat".into(),
            name: "VAT".into(),
            rate: rate.parse().unwrap(),
            inclusive: false,
            categories: categories.iter().map(|category| (*category).to_string()).collect(),
            is_default: true,
        }
    }

    #[test]
    fn a_tax_is_of_its_categories_and_without_any_of_all() {
        for (categories, of, applies) in [
            (vec![], None, true),
            (vec![], Some("reduced"), true),
            (vec!["standard"], None, true),
            (vec!["standard"], Some("standard"), true),
            (vec!["standard"], Some("reduced"), false),
            (vec!["reduced"], None, false),
            (vec!["reduced", "food"], Some("food"), true),
        ] {
            assert_eq!(tax("0.1", &categories).applies_to(of), applies, "{categories:?} {of:?}");
        }
    }

    #[test]
    fn a_rate_is_a_fraction() {
        for (rate, reason) in [
            ("1.9", "rate: must be a fraction from 0 to 1 (0.1 is 10 %), not 1.9"),
            ("-0.1", "rate: must be a fraction from 0 to 1 (0.1 is 10 %), not -0.1"),
        ] {
            assert_eq!(tax(rate, &[]).check().unwrap_err().to_string(), reason);
        }
        assert_eq!(tax("1", &["a"]).check(), Ok(()));
        let refused = tax("0", &["a b"]).check().unwrap_err();
        assert_eq!(refused.field, "categories");
    }
}
