//! A price: a model with what goes around it, checked as a whole.

use super::conversion::UnitConversion;
use super::dynamic::Dynamic;
use super::flat::Flat;
use super::graduated_percentage;
use super::invalid::{InvalidPrice, not_negative};
use super::limits::Limits;
use super::matrix::Matrix;
use super::package::Package;
use super::per_unit::PerUnit;
use super::percentage::Percentage;
use super::tiers::Tiers;
use crate::decimal::Decimal;

/// How a quantity becomes an amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Model {
    /// One amount, whatever the usage.
    Flat(Flat),
    /// Every unit costs the same.
    PerUnit(PerUnit),
    /// Each unit costs what its tier says.
    Graduated(Tiers),
    /// Every unit costs what the tier of the whole quantity says.
    Volume(Tiers),
    /// Units in packages.
    Package(Package),
    /// A part of what each event moved, and a fee for it.
    Percentage(Percentage),
    /// A part of the quantity, by tier.
    GraduatedPercentage(Tiers),
    /// What the events say that they cost, marked up or down.
    Dynamic(Dynamic),
    /// By the values of dimensions.
    Matrix(Matrix),
}

/// What goes around a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terms {
    /// From metered to priced units.
    pub unit_conversion: Option<UnitConversion>,
    /// Priced units of a period that are free.
    pub usage_discount: Option<Decimal>,
    /// What follows the price.
    pub limits: Limits,
}

/// A price that can be applied to any usage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    model: Model,
    terms: Terms,
}

impl Price {
    /// A price of `model` with `terms`.
    ///
    /// # Errors
    /// Rates, bounds or discounts that make no sense, or terms that the model has no use for.
    pub fn new(model: Model, terms: Terms) -> Result<Price, InvalidPrice> {
        not_negative("usage_discount", terms.usage_discount)?;
        terms.limits.check()?;
        match &model {
            Model::Percentage(percentage) => percentage.check()?,
            Model::GraduatedPercentage(tiers) => graduated_percentage::check(tiers)?,
            _ => {}
        }
        let without_units = match &model {
            Model::Flat(_) => Some("a flat price counts no units"),
            Model::Dynamic(_) => Some("a dynamic price counts no units, but what the events cost"),
            _ => None,
        };
        if let Some(why) = without_units {
            let given = [
                ("unit_conversion", terms.unit_conversion.is_some()),
                ("usage_discount", terms.usage_discount.is_some()),
            ];
            if let Some((field, _)) = given.into_iter().find(|(_, given)| *given) {
                return Err(InvalidPrice::new(field, format!("must be absent: {why}")));
            }
        }
        if matches!(model, Model::Percentage(_)) && terms.unit_conversion.is_some_and(|c| c.rounds()) {
            let reason = "must be absent: a percentage is of each event's exact amount";
            return Err(InvalidPrice::new("unit_conversion.rounding", reason));
        }
        Ok(Price { model, terms })
    }

    /// Its model.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// What goes around the model.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.terms
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::conversion::Operation;
    use crate::pricing::fixtures::d;
    use crate::rounding::Mode;

    #[test]
    fn terms_that_a_model_has_no_use_for_are_refused() {
        let converts = UnitConversion::new(Operation::Divide, d("1000"), Some((Mode::Ceiling, 0))).unwrap();
        let converting = Terms { unit_conversion: Some(converts), ..Terms::default() };
        let discounted = |units| Terms { usage_discount: Some(d(units)), ..Terms::default() };
        let flat = || Model::Flat(Flat { amount: d("1"), due: Default::default() });
        let dynamic = || Model::Dynamic(Dynamic::new(d("1")).unwrap());
        for (model, terms, reason) in [
            (flat(), converting, "unit_conversion: must be absent: a flat price counts no units"),
            (flat(), discounted("1"), "usage_discount: must be absent: a flat price counts no units"),
            (
                dynamic(),
                discounted("1"),
                "usage_discount: must be absent: a dynamic price counts no units, but what the events cost",
            ),
            (
                Model::Percentage(Percentage::default()),
                converting,
                "unit_conversion.rounding: must be absent: a percentage is of each event's exact amount",
            ),
            (
                Model::PerUnit(PerUnit { unit_amount: d("1") }),
                discounted("-1"),
                "usage_discount: must be zero or more, not -1",
            ),
        ] {
            assert_eq!(Price::new(model, terms).unwrap_err().to_string(), reason);
        }
    }
}
