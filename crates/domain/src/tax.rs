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
