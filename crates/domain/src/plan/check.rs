//! What a plan must be like to be kept.

use super::{Item, ItemKind, MAX_ITEMS, MAX_KEY, MAX_NAME, MAX_TRIAL_DAYS, MAX_VERSIONS, Plan, PlanVersion};
use crate::decimal::Decimal;
use crate::money::Money;
use crate::pricing::Model;
use std::collections::BTreeMap;
use std::fmt::Display;

/// Why something is no plan, subscription, tax, coupon or credit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct InvalidPlan {
    /// The field, such as `versions[1].items[0].meter`.
    pub field: String,
    /// What its value is and what would be right.
    pub reason: String,
}

impl InvalidPlan {
    /// A field and what is wrong with it.
    #[must_use]
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> InvalidPlan {
        InvalidPlan { field: field.into(), reason: reason.into() }
    }

    pub(crate) fn must(field: impl Into<String>, be: impl Display, value: impl Display) -> InvalidPlan {
        InvalidPlan::new(field, format!("must be {be}, not {value}"))
    }

    /// The same within a field of `outer`.
    #[must_use]
    pub fn within(self, outer: &str) -> InvalidPlan {
        InvalidPlan { field: format!("{outer}.{}", self.field), reason: self.reason }
    }
}

/// A key: letters, digits, `_`, `-` and `.`, beginning with a letter or digit.
pub(crate) fn key(field: &str, key: &str) -> Result<(), InvalidPlan> {
    let fits = (1..=MAX_KEY).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        && key.as_bytes()[0].is_ascii_alphanumeric();
    if fits {
        return Ok(());
    }
    let right = format!("1 to {MAX_KEY} letters, digits, _, - or ., the first a letter or digit");
    Err(InvalidPlan::must(field, right, format!("{:?}", key.chars().take(40).collect::<String>())))
}

pub(crate) fn name(field: &str, name: &str) -> Result<(), InvalidPlan> {
    if name.trim().is_empty() || name.len() > MAX_NAME {
        return Err(InvalidPlan::new(field, format!("must be a text of 1 to {MAX_NAME} bytes")));
    }
    Ok(())
}

fn at_most(field: &str, length: usize, most: usize) -> Result<(), InvalidPlan> {
    if length > most {
        return Err(InvalidPlan::new(field, format!("must have at most {most} elements, not {length}")));
    }
    Ok(())
}

impl Plan {
    /// Checks a plan; its versions are put in the order of their moments, and numbered where their number
    /// is 0.
    ///
    /// # Errors
    /// The first field that is not as it must be.
    pub fn check(&mut self) -> Result<(), InvalidPlan> {
        key("key", &self.key)?;
        name("name", &self.name)?;
        if self.versions.is_empty() {
            return Err(InvalidPlan::new("versions", "must have at least one"));
        }
        at_most("versions", self.versions.len(), MAX_VERSIONS)?;
        self.versions.sort_by_key(|version| version.effective_from);
        for (index, version) in (1..).zip(&mut self.versions) {
            if version.number == 0 {
                version.number = index;
            }
        }
        let mut numbers = BTreeMap::new();
        for (index, version) in self.versions.iter().enumerate() {
            let at = format!("versions[{index}]");
            if let Some(same) = index.checked_sub(1).map(|before| &self.versions[before])
                && same.effective_from == version.effective_from
            {
                let reason = format!(
                    "{} is the moment of another version too; a plan has one version at a time",
                    version.effective_from
                );
                return Err(InvalidPlan::new(format!("{at}.effective_from"), reason));
            }
            if numbers.insert(version.number, index).is_some() {
                let reason = format!("{} is the number of another version too", version.number);
                return Err(InvalidPlan::new(format!("{at}.version"), reason));
            }
            version.check().map_err(|invalid| invalid.within(&at))?;
        }
        Ok(())
    }
}

impl PlanVersion {
    fn check(&self) -> Result<(), InvalidPlan> {
        at_most("items", self.items.len(), MAX_ITEMS)?;
        if self.trial_days > MAX_TRIAL_DAYS {
            return Err(InvalidPlan::must(
                "trial_days",
                format!("at most {MAX_TRIAL_DAYS}"),
                self.trial_days,
            ));
        }
        if let Some(least) = self.minimum_amount {
            let places = self.currency.minor_digits();
            if least.is_negative() || !(Money { amount: least, currency: self.currency }).is_whole() {
                let right = format!("zero or more with at most {places} decimals");
                return Err(InvalidPlan::must("minimum_amount", right, least));
            }
        }
        let mut keys = BTreeMap::new();
        for (index, item) in self.items.iter().enumerate() {
            let at = format!("items[{index}]");
            item.check().map_err(|invalid| invalid.within(&at))?;
            if keys.insert(&item.key, index).is_some() {
                let reason = format!("{:?} is the key of another item too", item.key);
                return Err(InvalidPlan::new(format!("{at}.key"), reason));
            }
        }
        Ok(())
    }
}

impl Item {
    fn check(&self) -> Result<(), InvalidPlan> {
        key("key", &self.key)?;
        name("name", &self.name)?;
        self.tax_category.as_ref().map_or(Ok(()), |category| key("tax_category", category))?;
        match &self.kind {
            ItemKind::Fee { price, .. } => {
                if !matches!(price.model(), Model::Flat(_)) {
                    let reason = "must be flat: an item without a meter has no quantity";
                    return Err(InvalidPlan::new("price.model", reason));
                }
            }
            ItemKind::Usage(usage) => {
                if matches!(usage.price.model(), Model::Flat(_)) {
                    let reason = "must not be flat: an item with a meter is priced by its quantity";
                    return Err(InvalidPlan::new("price.model", reason));
                }
                at_most("details", usage.details.len(), crate::meter::MAX_DIMENSIONS)?;
            }
        }
        Ok(())
    }
}

/// A fraction from 0 to 1.
pub(crate) fn fraction(field: &str, part: Decimal) -> Result<(), InvalidPlan> {
    if part.is_negative() || part > Decimal::new(1, 0) {
        return Err(InvalidPlan::must(field, "a fraction from 0 to 1 (0.1 is 10 %)", part));
    }
    Ok(())
}
