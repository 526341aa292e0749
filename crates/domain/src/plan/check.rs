//! What a plan must be like to be kept.

use super::{
    Item, ItemKind, MAX_DESCRIPTION, MAX_FILTER_VALUES, MAX_ITEMS, MAX_KEY, MAX_NAME, MAX_TRIAL_DAYS,
    MAX_VERSIONS, Plan, PlanVersion,
};
use crate::decimal::Decimal;
use crate::meter::MAX_DIMENSIONS;
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
    /// Checks a plan; its versions are put in the order of their moments, and those of number 0 get the
    /// numbers after the highest that there is.
    ///
    /// # Errors
    /// The first field that is not as it must be.
    pub fn check(&mut self) -> Result<(), InvalidPlan> {
        key("key", &self.key)?;
        name("name", &self.name)?;
        if self.description.as_ref().is_some_and(|text| text.len() > MAX_DESCRIPTION) {
            return Err(InvalidPlan::new(
                "description",
                format!("must have at most {MAX_DESCRIPTION} bytes"),
            ));
        }
        if self.versions.is_empty() {
            return Err(InvalidPlan::new("versions", "must have at least one"));
        }
        at_most("versions", self.versions.len(), MAX_VERSIONS)?;
        self.versions.sort_by_key(|version| version.effective_from);
        // After the highest: a version never gets the number of another, wherever it comes in between.
        let mut highest = self.versions.iter().map(|version| version.number).max().unwrap_or_default();
        for version in self.versions.iter_mut().filter(|version| version.number == 0) {
            highest = highest.saturating_add(1);
            version.number = highest;
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
            if version.currency != self.versions[0].currency {
                let right = format!("{}, as every version of the plan", self.versions[0].currency);
                return Err(InvalidPlan::must(format!("{at}.currency"), right, version.currency));
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
        if let ItemKind::Usage(usage) = &self.kind {
            usage.unit.as_ref().map_or(Ok(()), |unit| name("unit", unit))?;
            at_most("details", usage.details.len(), MAX_DIMENSIONS)?;
            at_most("filters", usage.filters.len(), MAX_DIMENSIONS)?;
            for (dimension, values) in &usage.filters {
                at_most(&format!("filters.{dimension}"), values.len(), MAX_FILTER_VALUES)?;
            }
        }
        self.check_price()
    }

    /// Checks that its price is one for what it charges.
    pub(crate) fn check_price(&self) -> Result<(), InvalidPlan> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bill::fixtures::{item, version};

    fn plan(versions: Vec<PlanVersion>) -> Plan {
        Plan { key: "pro".into(), name: "Pro".into(), description: None, versions }
    }

    fn from(day: &str, number: u32) -> PlanVersion {
        version(number, &format!("2026-01-{day}T00:00:00Z"), 0, None, &[])
    }

    fn with(items: &[Item]) -> Plan {
        plan(vec![version(1, "2026-01-01T00:00:00Z", 0, None, items)])
    }

    #[test]
    fn versions_are_put_in_their_order_and_keep_their_numbers() {
        for (versions, ordered) in [
            (vec![("02", 0), ("01", 0)], vec![("01", 1), ("02", 2)]),
            (vec![("05", 2), ("01", 1)], vec![("01", 1), ("05", 2)]),
            // One that comes in between does not become another that somebody stays on.
            (vec![("01", 1), ("05", 2), ("03", 0)], vec![("01", 1), ("03", 3), ("05", 2)]),
            (vec![("01", 0), ("02", 7), ("03", 0)], vec![("01", 8), ("02", 7), ("03", 9)]),
        ] {
            let mut plan = plan(versions.into_iter().map(|(day, number)| from(day, number)).collect());
            plan.check().unwrap();
            let ordered: Vec<PlanVersion> =
                ordered.into_iter().map(|(day, number)| from(day, number)).collect();
            assert_eq!(plan.versions, ordered);
        }
    }

    #[test]
    fn the_version_in_force_is_the_last_that_began() {
        let plan = plan(vec![from("01", 1), from("03", 2)]);
        for (moment, number) in [
            ("2025-12-31T23:59:59.999999999Z", None),
            ("2026-01-01T00:00:00Z", Some(1)),
            ("2026-01-02T23:59:59.999999999Z", Some(1)),
            ("2026-01-03T00:00:00Z", Some(2)),
        ] {
            let version = plan.version_at(moment.parse().unwrap());
            assert_eq!(version.map(|version| version.number), number, "{moment}");
        }
        assert_eq!((plan.version(2), plan.version(3)), (Some(&plan.versions[1]), None));
    }

    #[test]
    fn a_plan_that_makes_no_sense_is_refused_with_what_would_be_right() {
        let minimum = |amount| plan(vec![version(1, "2026-01-01T00:00:00Z", 0, Some(amount), &[])]);
        let trial = plan(vec![version(1, "2026-01-01T00:00:00Z", MAX_TRIAL_DAYS + 1, None, &[])]);
        let priced = |row: &str, price: &str| with(&[item(row).with_price(item(price).price().clone())]);
        let keyed = |key: &str| Plan { key: key.into(), ..with(&[]) };
        let mut filtered = item("calls units 1");
        let ItemKind::Usage(usage) = &mut filtered.kind else { panic!() };
        let values = (0..=MAX_FILTER_VALUES).map(|value| Some(value.to_string())).collect();
        usage.filters = [("model".to_string(), values)].into();
        let key_is = "key: must be 1 to 128 letters, digits, _, - or ., the first a letter or digit, not ";
        for (mut plan, reason) in [
            (keyed(""), format!("{key_is}\"\"")),
            (keyed("-a"), format!("{key_is}\"-a\"")),
            (keyed("a/b"), format!("{key_is}\"a/b\"")),
            (Plan { name: " ".into(), ..with(&[]) }, "name: must be a text of 1 to 256 bytes".into()),
            (
                Plan { description: Some("x".repeat(MAX_DESCRIPTION + 1)), ..with(&[]) },
                "description: must have at most 1024 bytes".into(),
            ),
            (plan(vec![]), "versions: must have at least one".into()),
            (
                plan(vec![from("02", 1), from("02", 2)]),
                "versions[1].effective_from: 2026-01-02T00:00:00Z is the moment of another version too; a plan has one version at a time".into(),
            ),
            (
                plan(vec![from("02", 1), from("03", 1)]),
                "versions[1].version: 1 is the number of another version too".into(),
            ),
            (trial, "versions[0].trial_days: must be at most 3660, not 3661".into()),
            (minimum("-1"), "versions[0].minimum_amount: must be zero or more with at most 2 decimals, not -1".into()),
            (minimum("0.001"), "versions[0].minimum_amount: must be zero or more with at most 2 decimals, not 0.001".into()),
            (
                with(&[item("a fee 1"), item("a units 1")]),
                "versions[0].items[1].key: \"a\" is the key of another item too".into(),
            ),
            (
                priced("a fee 1", "b units 1"),
                "versions[0].items[0].price.model: must be flat: an item without a meter has no quantity".into(),
            ),
            (
                priced("a units 1", "b once 1"),
                "versions[0].items[0].price.model: must not be flat: an item with a meter is priced by its quantity".into(),
            ),
            (
                with(&[filtered]),
                "versions[0].items[0].filters.model: must have at most 1000 elements, not 1001".into(),
            ),
        ] {
            assert_eq!(plan.check().map_err(|invalid| invalid.to_string()), Err(reason));
        }
        assert_eq!(with(&[item("a fee 1 reduced"), item("minimum units 1")]).check(), Ok(()));
    }
}
