//! Writing a price, so that reading it gives the same price again.

use super::{ConversionSpec, PriceSpec, RateSpec, TierSpec};
use usage_domain::decimal::Decimal;
use usage_domain::pricing::conversion::{Operation, UnitConversion};
use usage_domain::pricing::flat::{Due, Flat};
use usage_domain::pricing::matrix::Matrix;
use usage_domain::pricing::percentage::Percentage;
use usage_domain::pricing::tiers::Tiers;
use usage_domain::pricing::{Model, Price};
use usage_domain::rounding::Mode;

impl From<&Price> for PriceSpec {
    fn from(price: &Price) -> PriceSpec {
        let (terms, limits) = (price.terms(), price.terms().limits);
        PriceSpec {
            minimum_amount: limits.minimum_amount.map(digits),
            maximum_amount: limits.maximum_amount.map(digits),
            percentage_discount: limits.percentage_discount.map(digits),
            usage_discount: terms.usage_discount.map(digits),
            unit_conversion: terms.unit_conversion.as_ref().map(conversion),
            ..model(price.model())
        }
    }
}

fn digits(figure: Decimal) -> String {
    figure.to_string()
}

/// A figure that is zero where it is absent.
fn unless_zero(figure: Decimal) -> Option<String> {
    (!figure.is_zero()).then(|| figure.to_string())
}

fn model(model: &Model) -> PriceSpec {
    let named = |name: &str| PriceSpec { model: name.to_string(), ..PriceSpec::default() };
    match model {
        Model::Flat(price) => flat(price, named("flat")),
        Model::PerUnit(price) => {
            PriceSpec { unit_amount: Some(digits(price.unit_amount)), ..named("per_unit") }
        }
        Model::Graduated(price) => PriceSpec { tiers: tiers(price, false), ..named("graduated") },
        Model::Volume(price) => PriceSpec { tiers: tiers(price, false), ..named("volume") },
        Model::GraduatedPercentage(price) => {
            PriceSpec { tiers: tiers(price, true), ..named("graduated_percentage") }
        }
        Model::Package(price) => PriceSpec {
            package_size: Some(digits(price.size())),
            amount: Some(digits(price.amount())),
            free_units: unless_zero(price.free_units()),
            ..named("package")
        },
        Model::Percentage(price) => percentage(price, named("percentage")),
        Model::Dynamic(price) => {
            PriceSpec { multiplier: Some(digits(price.multiplier())), ..named("dynamic") }
        }
        Model::Matrix(price) => matrix(price, named("matrix")),
    }
}

fn flat(price: &Flat, named: PriceSpec) -> PriceSpec {
    let due = match price.due {
        Due::InArrears => None,
        Due::InAdvance => Some("in_advance".to_string()),
        Due::Once => Some("once".to_string()),
    };
    PriceSpec { amount: Some(digits(price.amount)), payment_term: due, ..named }
}

fn tiers(tiers: &Tiers, are_rates: bool) -> Vec<TierSpec> {
    let tier = |tier: &usage_domain::pricing::tiers::Tier| {
        let unit = Some(digits(tier.unit));
        let (unit_amount, rate) = if are_rates { (None, unit) } else { (unit, None) };
        TierSpec {
            up_to: tier.up_to.map(digits),
            unit_amount,
            rate,
            flat_amount: unless_zero(tier.flat),
            cap_amount: tier.cap.map(digits),
        }
    };
    tiers.iter().map(tier).collect()
}

fn percentage(price: &Percentage, named: PriceSpec) -> PriceSpec {
    PriceSpec {
        rate: Some(digits(price.rate)),
        fixed_amount: unless_zero(price.fixed_amount),
        free_events: price.free_events.map(|count| count.to_string()),
        free_amount: price.free_amount.map(digits),
        min_per_event: price.min_per_event.map(digits),
        max_per_event: price.max_per_event.map(digits),
        ..named
    }
}

fn matrix(price: &Matrix, named: PriceSpec) -> PriceSpec {
    let rates = price.rates().iter();
    let rates =
        rates.map(|rate| RateSpec { values: rate.values.clone(), unit_amount: digits(rate.unit_amount) });
    PriceSpec {
        dimensions: price.dimensions().to_vec(),
        rates: rates.collect(),
        default_unit_amount: price.default_unit_amount().map(digits),
        ..named
    }
}

fn conversion(conversion: &UnitConversion) -> ConversionSpec {
    let operation = match conversion.operation() {
        Operation::Multiply => "multiply",
        Operation::Divide => "divide",
    };
    let rounding = conversion.rounding();
    let rule = rounding.map(|(mode, _)| match mode {
        Mode::Ceiling => "ceiling",
        Mode::Floor => "floor",
        Mode::HalfAwayFromZero => "half_up",
    });
    ConversionSpec {
        operation: operation.to_string(),
        factor: digits(conversion.factor()),
        rounding: rule.map(str::to_string),
        precision: rounding.filter(|(_, digits)| *digits != 0).map(|(_, digits)| digits.to_string()),
    }
}
