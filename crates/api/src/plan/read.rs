//! Reading plans.

use crate::fields::{Fields, short};
use crate::price::read_price;
use crate::problem::FieldError;
use std::collections::{BTreeMap, BTreeSet};
use usage_domain::meter::MAX_DIMENSIONS;
use usage_domain::plan::item::{Item, ItemKind, UsageItem};
use usage_domain::plan::{Corrections, MAX_DESCRIPTION, MAX_ITEMS, MAX_VERSIONS, Plan, PlanVersion};

/// The most values of a filter.
const MAX_VALUES: usize = 1000;

/// A plan that makes sense: its versions are in order and numbered.
pub(crate) fn plan(fields: &Fields<'_>) -> Result<Plan, FieldError> {
    fields.only(&["key", "name", "description", "versions"])?;
    let versions = fields.objects("versions", MAX_VERSIONS)?.ok_or_else(|| fields.missing("versions"))?;
    let versions = versions.iter().map(version).collect::<Result<Vec<_>, _>>()?;
    let mut plan = Plan {
        key: fields.required_text("key")?,
        name: fields.required_text("name")?,
        description: fields.text_within("description", MAX_DESCRIPTION)?,
        versions,
    };
    let mut places: Vec<usize> = (0..plan.versions.len()).collect();
    places.sort_by_key(|place| plan.versions[*place].effective_from);
    plan.check().map_err(|mut invalid| {
        // The check puts versions in order; what is wrong is named by its place in the text.
        let place = invalid.field.strip_prefix("versions[").and_then(|rest| rest.split_once(']'));
        if let Some((sorted, rest)) = place
            && let Some(place) = sorted.parse::<usize>().ok().and_then(|sorted| places.get(sorted))
        {
            invalid.field = format!("versions[{place}]{rest}");
        }
        fields.invalid(invalid)
    })?;
    Ok(plan)
}

/// A version; its number is 0 where it has none.
pub(crate) fn version(fields: &Fields<'_>) -> Result<PlanVersion, FieldError> {
    fields.only(&[
        "version",
        "effective_from",
        "currency",
        "trial_days",
        "minimum_amount",
        "corrections",
        "items",
    ])?;
    let corrections = match fields.text("corrections")?.as_deref() {
        None | Some("next_bill") => Corrections::NextBill,
        Some("credit_note") => Corrections::CreditNote,
        Some(other) => {
            let reason = format!("must be next_bill or credit_note, not {:?}", short(other));
            return Err(fields.wrong("corrections", reason));
        }
    };
    let number = fields.small("version")?;
    if number == Some(0) {
        return Err(fields.wrong("version", "must be 1 or more, or absent, not 0"));
    }
    let items = fields.objects("items", MAX_ITEMS)?.ok_or_else(|| fields.missing("items"))?;
    Ok(PlanVersion {
        number: number.unwrap_or(0),
        effective_from: fields.required_moment("effective_from")?,
        currency: fields.required_parsed("currency")?,
        trial_days: fields.small("trial_days")?.unwrap_or(0),
        minimum_amount: fields.figure("minimum_amount")?,
        corrections,
        items: items.iter().map(item).collect::<Result<_, _>>()?,
    })
}

/// An item.
pub(crate) fn item(fields: &Fields<'_>) -> Result<Item, FieldError> {
    fields.only(&[
        "key",
        "name",
        "meter",
        "unit",
        "filters",
        "details",
        "price",
        "prorate",
        "tax_category",
    ])?;
    let price = read_price(&fields.required_object("price")?)?;
    let kind = match fields.text("meter")? {
        Some(meter) => {
            if fields.has("prorate") {
                return Err(fields.wrong("prorate", "is for fees: what was used is never prorated"));
            }
            let unit = fields.text("unit")?;
            let details = fields.distinct("details", MAX_DIMENSIONS)?.unwrap_or_default();
            ItemKind::Usage(UsageItem { meter, unit, filters: filters(fields)?, details, price })
        }
        None => {
            if let Some(name) = ["unit", "filters", "details"].into_iter().find(|name| fields.has(name)) {
                return Err(fields.wrong(name, "is for usage: an item without a meter is a fee"));
            }
            ItemKind::Fee { price, prorate: fields.boolean("prorate")?.unwrap_or(true) }
        }
    };
    let (key, name) = (fields.required_text("key")?, fields.required_text("name")?);
    Ok(Item { key, name, kind, tax_category: fields.text("tax_category")? })
}

fn filters(fields: &Fields<'_>) -> Result<BTreeMap<String, BTreeSet<Option<String>>>, FieldError> {
    let Some(object) = fields.object("filters")? else { return Ok(BTreeMap::new()) };
    if object.names().count() > MAX_DIMENSIONS {
        return Err(fields.wrong("filters", format!("must have at most {MAX_DIMENSIONS} dimensions")));
    }
    let values = |name: &str| {
        if !object.has(name) {
            let reason = "must be a text or a list of texts; [null] stands for events without it";
            return Err(object.wrong(name, reason));
        }
        if object.is_text(name) {
            return Ok((name.to_string(), BTreeSet::from([object.text(name)?])));
        }
        let values = object.optional_texts(name, MAX_VALUES)?;
        if values.is_empty() {
            return Err(object.wrong(name, "must have at least one value, or nothing would ever be charged"));
        }
        Ok((name.to_string(), values.into_iter().collect()))
    };
    object.names().map(values).collect()
}
