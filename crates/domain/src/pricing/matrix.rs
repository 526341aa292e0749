//! Matrix: what a unit costs depends on the values of dimensions, such as model and region.

use super::consumption::Group;
use super::invalid::{InvalidPrice, RateError};
use super::line::{Item, UnitPrice, within};
use crate::decimal::{Decimal, DecimalError};
use crate::ratio::Ratio;
use std::collections::BTreeMap;

/// The most dimensions that a price has.
pub const MAX_DIMENSIONS: usize = 16;
/// The most rates that a price has.
pub const MAX_RATES: usize = 10_000;

/// A price per combination of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix {
    dimensions: Vec<String>,
    rates: Vec<Rate>,
    default: Option<Decimal>,
    /// The place of each rate, by its values in the order of the dimensions.
    places: BTreeMap<Vec<String>, usize>,
}

/// What a unit costs with certain values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// The value of each dimension.
    pub values: BTreeMap<String, String>,
    /// What a unit costs.
    pub unit_amount: Decimal,
}

impl Matrix {
    /// Rates by the values of `dimensions`, and what all other units cost, if they are priced.
    ///
    /// # Errors
    /// No or too many dimensions or rates, a dimension twice, a rate whose values are not those of
    /// the dimensions, the same values twice.
    pub fn new(
        dimensions: Vec<String>,
        rates: Vec<Rate>,
        default: Option<Decimal>,
    ) -> Result<Matrix, InvalidPrice> {
        within("dimensions", dimensions.len(), MAX_DIMENSIONS)?;
        within("rates", rates.len(), MAX_RATES)?;
        if dimensions.is_empty() {
            return Err(InvalidPrice::new("dimensions", "must have at least one name"));
        }
        for (index, name) in dimensions.iter().enumerate() {
            let field = format!("dimensions[{index}]");
            if name.is_empty() {
                return Err(InvalidPrice::new(field, "must not be empty"));
            }
            if dimensions[..index].contains(name) {
                return Err(InvalidPrice::new(field, format!("{name:?} stands twice")));
            }
        }
        let mut places = BTreeMap::new();
        for (index, rate) in rates.iter().enumerate() {
            let field = format!("rates[{index}].values");
            if let Some(other) = rate.values.keys().find(|name| !dimensions.contains(name)) {
                let known = dimensions.join(", ");
                return Err(InvalidPrice::new(field, format!("{other:?} is no dimension; they are {known}")));
            }
            let Some(values) = in_order(&dimensions, &rate.values) else {
                let lacking = dimensions.iter().find(|name| !rate.values.contains_key(*name));
                let lacking = lacking.map_or("", |name| name);
                return Err(InvalidPrice::new(field, format!("has no value for {lacking:?}")));
            };
            if let Some(first) = places.insert(values, index) {
                return Err(InvalidPrice::new(field, format!("are those of rates[{first}], too")));
            }
        }
        Ok(Matrix { dimensions, rates, default, places })
    }

    /// The names of the dimensions.
    #[must_use]
    pub fn dimensions(&self) -> &[String] {
        &self.dimensions
    }

    /// What units of certain values cost.
    #[must_use]
    pub fn rates(&self) -> &[Rate] {
        &self.rates
    }

    /// What all other units cost, if they are priced.
    #[must_use]
    pub fn default_unit_amount(&self) -> Option<Decimal> {
        self.default
    }

    /// The values that the rate of a line has; none for the line of all other units.
    #[must_use]
    pub fn values(&self, slot: usize) -> Option<&BTreeMap<String, String>> {
        self.rates.get(slot).map(|rate| &rate.values)
    }

    /// The units of each rate that has any, by its place; those of no rate come last.
    pub(super) fn quantities(&self, groups: &[Group]) -> Result<BTreeMap<usize, Decimal>, RateError> {
        let mut quantities = BTreeMap::new();
        for group in groups {
            let values = in_order(&self.dimensions, &group.values);
            let place = values.and_then(|values| self.places.get(&values)).copied();
            if place.is_none() && self.default.is_none() {
                let shown = self.dimensions.iter().map(|name| {
                    let value = group.values.get(name).map_or("none", String::as_str);
                    format!("{name} {value}")
                });
                let shown = shown.collect::<Vec<_>>().join(", ");
                let reason = format!("no rate is for {shown}, and there is no default_unit_amount");
                return Err(RateError::usage("groups", reason));
            }
            let sum = quantities.entry(place.unwrap_or(self.rates.len())).or_insert(Decimal::ZERO);
            *sum = sum.add(group.quantity)?;
        }
        Ok(quantities)
    }

    /// The units of a rate, at its price.
    pub(super) fn item(&self, slot: usize, quantity: Ratio) -> Result<Item, DecimalError> {
        let rate = self.rates.get(slot).map(|rate| rate.unit_amount);
        // Units of no rate are only counted where there is a default.
        let unit_amount = rate.or(self.default).unwrap_or(Decimal::ZERO);
        Item::units(slot, quantity, UnitPrice::Amount(unit_amount))
    }
}

/// The value of each dimension in their order; none where one is lacking.
fn in_order(dimensions: &[String], values: &BTreeMap<String, String>) -> Option<Vec<String>> {
    dimensions.iter().map(|name| values.get(name).cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::fixtures::{d, shown, some};

    /// Values from `name=value name=value`.
    fn values(text: &str) -> BTreeMap<String, String> {
        let pairs = text.split_whitespace().map(|pair| pair.split_once('=').unwrap());
        pairs.map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    fn matrix(dimensions: &str, rates: &[(&str, &str)], default: &str) -> Result<Matrix, InvalidPrice> {
        let rate = |(of, unit): &(&str, &str)| Rate { values: values(of), unit_amount: d(unit) };
        let dimensions = dimensions.split_whitespace().map(str::to_string).collect();
        Matrix::new(dimensions, rates.iter().map(rate).collect(), some(default))
    }

    fn groups(rows: &[(&str, &str)]) -> Vec<Group> {
        rows.iter().map(|(of, quantity)| Group { values: values(of), quantity: d(quantity) }).collect()
    }

    #[test]
    fn units_cost_what_their_values_say_and_others_the_default() {
        let rates = [("model=a region=eu", "2"), ("model=a region=us", "1.5"), ("model=b region=eu", "10")];
        let matrix = matrix("model region", &rates, "3").unwrap();
        for (rows, bill) in [
            (vec![("model=a region=us", "4"), ("region=eu model=a", "2")], "2 × 2 = 4, 4 × 1.5 = 6"),
            (vec![("model=a region=us", "4"), ("model=a region=us", "-1")], "3 × 1.5 = 4.5"),
            (vec![("model=c region=us", "4"), ("model=a", "1"), ("", "1")], "6 × 3 = 18"),
            (vec![("model=b region=eu zone=7", "1")], "1 × 10 = 10"),
            (vec![], ""),
        ] {
            let quantities = matrix.quantities(&groups(&rows)).unwrap();
            let items: Vec<Item> =
                quantities.into_iter().map(|(slot, q)| matrix.item(slot, q.into()).unwrap()).collect();
            assert_eq!(shown(&items), bill);
        }
        assert_eq!(matrix.values(1), Some(&values("model=a region=us")));
        assert_eq!(matrix.values(3), None);
    }

    #[test]
    fn units_that_no_rate_is_for_are_refused_where_there_is_no_default() {
        let matrix = matrix("model region", &[("model=a region=eu", "2")], "").unwrap();
        let refused = matrix.quantities(&groups(&[("model=b", "1")])).unwrap_err();
        let reason = "groups: no rate is for model b, region none, and there is no default_unit_amount";
        assert_eq!(refused.to_string(), reason);
    }

    #[test]
    fn rates_that_contradict_each_other_are_refused() {
        for (dimensions, rates, reason) in [
            ("", vec![], "dimensions: must have at least one name"),
            ("a a", vec![], "dimensions[1]: \"a\" stands twice"),
            ("a b", vec![("a=1", "1")], "rates[0].values: has no value for \"b\""),
            ("a", vec![("a=1 c=1", "1")], "rates[0].values: \"c\" is no dimension; they are a"),
            (
                "a",
                vec![("a=1", "1"), ("a=2", "1"), ("a=1", "2")],
                "rates[2].values: are those of rates[0], too",
            ),
        ] {
            assert_eq!(matrix(dimensions, &rates, "").unwrap_err().to_string(), reason);
        }
    }
}
