//! Reading a price: its model, and what goes around it.

use crate::fields::{Fields, short};
use crate::problem::FieldError;
use usage_domain::decimal::Decimal;
use usage_domain::pricing::conversion::{Operation, UnitConversion};
use usage_domain::pricing::dynamic::Dynamic;
use usage_domain::pricing::flat::{Due, Flat};
use usage_domain::pricing::limits::Limits;
use usage_domain::pricing::matrix::{MAX_DIMENSIONS, MAX_RATES, Matrix, Rate};
use usage_domain::pricing::package::Package;
use usage_domain::pricing::per_unit::PerUnit;
use usage_domain::pricing::percentage::Percentage;
use usage_domain::pricing::tiers::{MAX_TIERS, Tier, Tiers};
use usage_domain::pricing::{InvalidPrice, Model, Price, Terms};
use usage_domain::rounding::Mode;

/// The properties that every model may have.
const TERMS: [&str; 5] =
    ["minimum_amount", "maximum_amount", "percentage_discount", "usage_discount", "unit_conversion"];

/// A price.
pub(crate) fn price(fields: &Fields<'_>) -> Result<Price, FieldError> {
    let (model, terms) = (model(fields)?, terms(fields)?);
    Price::new(model, terms).map_err(|invalid| fields.wrong(&invalid.field, invalid.reason))
}

/// A model by its name in the JSON.
pub(super) fn model(price: &Fields<'_>) -> Result<Model, FieldError> {
    let name = price.text("model")?.ok_or_else(|| price.missing("model"))?;
    let own: &[&str] = match name.as_str() {
        "flat" => &["amount", "payment_term"],
        "per_unit" => &["unit_amount"],
        "graduated" | "volume" | "graduated_percentage" => &["tiers"],
        "package" => &["package_size", "amount", "free_units"],
        "percentage" => {
            &["rate", "fixed_amount", "free_events", "free_amount", "min_per_event", "max_per_event"]
        }
        "dynamic" => &["multiplier"],
        "matrix" => &["dimensions", "rates", "default_unit_amount"],
        other => {
            let right = "must be flat, per_unit, graduated, volume, package, percentage, \
                         graduated_percentage, dynamic or matrix";
            return Err(price.wrong("model", format!("{right}, not {:?}", short(other))));
        }
    };
    price.only(&[&["model"], own, &TERMS[..]].concat())?;
    let invalid = |invalid: InvalidPrice| price.wrong(&invalid.field, invalid.reason);
    Ok(match name.as_str() {
        "flat" => Model::Flat(flat(price)?),
        "per_unit" => Model::PerUnit(PerUnit { unit_amount: price.required("unit_amount")? }),
        "graduated" => Model::Graduated(tiers(price, "unit_amount")?),
        "volume" => Model::Volume(tiers(price, "unit_amount")?),
        "graduated_percentage" => Model::GraduatedPercentage(tiers(price, "rate")?),
        "package" => {
            let free_units = price.figure("free_units")?.unwrap_or_default();
            let (size, amount) = (price.required("package_size")?, price.required("amount")?);
            Model::Package(Package::new(size, amount, free_units).map_err(invalid)?)
        }
        "percentage" => Model::Percentage(percentage(price)?),
        "dynamic" => {
            let multiplier = price.figure("multiplier")?.unwrap_or(Decimal::new(1, 0));
            Model::Dynamic(Dynamic::new(multiplier).map_err(invalid)?)
        }
        _ => Model::Matrix(matrix(price)?),
    })
}

fn flat(price: &Fields<'_>) -> Result<Flat, FieldError> {
    let due = match price.text("payment_term")?.as_deref() {
        None | Some("in_arrears") => Due::InArrears,
        Some("in_advance") => Due::InAdvance,
        Some("once") => Due::Once,
        Some(other) => {
            let reason = format!("must be in_advance, in_arrears or once, not {:?}", short(other));
            return Err(price.wrong("payment_term", reason));
        }
    };
    Ok(Flat { amount: price.required("amount")?, due })
}

/// Tiers, of which a unit's price is called `unit`.
fn tiers(price: &Fields<'_>, unit: &str) -> Result<Tiers, FieldError> {
    let tiers = price.objects("tiers", MAX_TIERS)?.ok_or_else(|| price.missing("tiers"))?;
    let tier = |tier: Fields<'_>| {
        tier.only(&["up_to", unit, "flat_amount", "cap_amount"])?;
        let (own, flat) = (tier.figure(unit)?, tier.figure("flat_amount")?);
        if own.is_none() && flat.is_none() {
            return Err(tier.wrong(unit, "is missing, and so is flat_amount"));
        }
        Ok(Tier {
            up_to: tier.figure("up_to")?,
            unit: own.unwrap_or_default(),
            flat: flat.unwrap_or_default(),
            cap: tier.figure("cap_amount")?,
        })
    };
    let tiers = tiers.into_iter().map(tier).collect::<Result<_, _>>()?;
    Tiers::new(tiers).map_err(|invalid| price.wrong(&invalid.field, invalid.reason))
}

fn percentage(price: &Fields<'_>) -> Result<Percentage, FieldError> {
    Ok(Percentage {
        rate: price.required("rate")?,
        fixed_amount: price.figure("fixed_amount")?.unwrap_or_default(),
        free_events: price.count("free_events")?,
        free_amount: price.figure("free_amount")?,
        min_per_event: price.figure("min_per_event")?,
        max_per_event: price.figure("max_per_event")?,
    })
}

fn matrix(price: &Fields<'_>) -> Result<Matrix, FieldError> {
    let default = price.figure("default_unit_amount")?;
    let rates = price.objects("rates", MAX_RATES)?;
    // With a price for everything else, there need not be any rate.
    let rates = rates.or(default.map(|_| Vec::new())).ok_or_else(|| price.missing("rates"))?;
    let rate = |rate: Fields<'_>| {
        rate.only(&["values", "unit_amount"])?;
        let values = rate.map("values")?.ok_or_else(|| rate.missing("values"))?;
        Ok(Rate { values, unit_amount: rate.required("unit_amount")? })
    };
    let rates = rates.into_iter().map(rate).collect::<Result<_, FieldError>>()?;
    let dimensions = price.texts("dimensions", MAX_DIMENSIONS)?;
    let dimensions = dimensions.ok_or_else(|| price.missing("dimensions"))?;
    Matrix::new(dimensions, rates, default).map_err(|invalid| price.wrong(&invalid.field, invalid.reason))
}

/// What goes around a model, as far as it is there.
pub(super) fn terms(fields: &Fields<'_>) -> Result<Terms, FieldError> {
    let conversion = fields.object("unit_conversion")?;
    Ok(Terms {
        unit_conversion: conversion.map(|conversion| unit_conversion(&conversion, fields)).transpose()?,
        usage_discount: fields.figure("usage_discount")?,
        limits: Limits {
            percentage_discount: fields.figure("percentage_discount")?,
            minimum_amount: fields.figure("minimum_amount")?,
            maximum_amount: fields.figure("maximum_amount")?,
        },
    })
}

/// The terms of a price and those that came with the usage; none may be in both.
pub(super) fn together(price: Terms, input: Terms, at: &Fields<'_>) -> Result<Terms, FieldError> {
    fn one<T>(name: &str, a: Option<T>, b: Option<T>, at: &Fields<'_>) -> Result<Option<T>, FieldError> {
        match (a, b) {
            (Some(_), Some(_)) => Err(at.wrong(name, "is in the price, too; which of the two counts?")),
            (a, b) => Ok(a.or(b)),
        }
    }
    let discounts = (price.limits.percentage_discount, input.limits.percentage_discount);
    Ok(Terms {
        unit_conversion: one("unit_conversion", price.unit_conversion, input.unit_conversion, at)?,
        usage_discount: one("usage_discount", price.usage_discount, input.usage_discount, at)?,
        limits: Limits {
            percentage_discount: one("percentage_discount", discounts.0, discounts.1, at)?,
            ..price.limits
        },
    })
}

fn unit_conversion(conversion: &Fields<'_>, parent: &Fields<'_>) -> Result<UnitConversion, FieldError> {
    conversion.only(&["operation", "factor", "rounding", "precision"])?;
    let operation = match conversion.text("operation")?.as_deref() {
        Some("multiply") => Operation::Multiply,
        Some("divide") => Operation::Divide,
        None => return Err(conversion.missing("operation")),
        Some(other) => {
            let reason = format!("must be multiply or divide, not {:?}", short(other));
            return Err(conversion.wrong("operation", reason));
        }
    };
    let mode = match conversion.text("rounding")?.as_deref() {
        None | Some("none") => None,
        Some("ceiling") => Some(Mode::Ceiling),
        Some("floor") => Some(Mode::Floor),
        Some("half_up") => Some(Mode::HalfAwayFromZero),
        Some(other) => {
            let reason = format!("must be none, ceiling, floor or half_up, not {:?}", short(other));
            return Err(conversion.wrong("rounding", reason));
        }
    };
    let precision = conversion.figure("precision")?.unwrap_or_default();
    // What is no small whole number is as wrong as one that is too large, and refused as such.
    let digits = precision.to_string().parse::<i8>().map_err(|_| {
        conversion.wrong("precision", format!("must be a whole number from -18 to 18, not {precision}"))
    })?;
    let rounding = mode.map(|mode| (mode, digits));
    UnitConversion::new(operation, conversion.required("factor")?, rounding)
        .map_err(|invalid| parent.wrong(&invalid.field, invalid.reason))
}
