//! Reading the inputs of a bill.

use super::BillInputs;
use crate::coupon::applied;
use crate::fields::Fields;
use crate::meter::definition::{self, definition};
use crate::plan::{item, version};
use crate::problem::FieldError;
use crate::tax::tax;
use usage_domain::bill::{Adjustment, Credit, Inputs};
use usage_domain::customer::{Customer, PaidSubject, Profile};
use usage_domain::decimal::Decimal;
use usage_domain::event::MAX_NAME;
use usage_domain::meter::Meter;
use usage_domain::subscription::Segment;
use usage_domain::time::{Period, Timestamp, Zone};

/// The most elements of any list: more than limits of the lists themselves allow.
const MOST: usize = 1_000_000;
/// The longest text that was kept once: names of lines, addresses, metadata.
const LONGEST: usize = 1 << 20;

/// All elements of a list, which may be absent.
fn list<T>(
    fields: &Fields<'_>,
    name: &str,
    read: impl Fn(&Fields<'_>) -> Result<T, FieldError>,
) -> Result<Vec<T>, FieldError> {
    fields.objects(name, MOST)?.unwrap_or_default().iter().map(read).collect()
}

fn long(fields: &Fields<'_>, name: &str) -> Result<String, FieldError> {
    fields.text_within(name, LONGEST)?.ok_or_else(|| fields.missing(name))
}

pub(super) fn document(fields: &Fields<'_>) -> Result<BillInputs, FieldError> {
    fields.only(&[
        "customer",
        "month",
        "period",
        "segments",
        "coupons",
        "credits",
        "taxes",
        "adjustments",
        "subjects",
        "meters",
    ])?;
    let inputs = Inputs {
        customer: customer(&fields.required_object("customer")?)?,
        month: fields.required_parsed("month")?,
        period: period(fields)?,
        segments: list(fields, "segments", segment)?,
        coupons: list(fields, "coupons", applied)?,
        credits: list(fields, "credits", credit)?,
        taxes: list(fields, "taxes", tax)?,
        adjustments: list(fields, "adjustments", adjustment)?,
    };
    let (subjects, meters) = (list(fields, "subjects", subject)?, list(fields, "meters", meter)?);
    Ok(BillInputs { inputs, subjects, meters })
}

fn period(fields: &Fields<'_>) -> Result<Period, FieldError> {
    let period = fields.required_object("period")?;
    period.only(&["start", "end"])?;
    from_to(&period)
}

fn from_to(fields: &Fields<'_>) -> Result<Period, FieldError> {
    let end = fields.moment("end", &Zone::utc())?.unwrap_or(Timestamp::MAX);
    Ok(Period { start: fields.required_moment("start")?, end })
}

fn customer(fields: &Fields<'_>) -> Result<Customer, FieldError> {
    fields.only(&[
        "id",
        "number",
        "key",
        "name",
        "currency",
        "time_zone",
        "subjects",
        "description",
        "primary_email",
        "billing_address",
        "metadata",
        "created_at",
        "updated_at",
    ])?;
    Ok(Customer {
        id: fields.required_parsed("id")?,
        number: fields.count("number")?.ok_or_else(|| fields.missing("number"))?,
        key: fields.text("key")?,
        name: fields.required_text("name")?,
        currency: fields.required_parsed("currency")?,
        zone: fields.required_parsed("time_zone")?,
        subjects: fields.texts_within("subjects", MOST, MAX_NAME)?.unwrap_or_default(),
        profile: Profile {
            description: fields.text_within("description", LONGEST)?,
            primary_email: fields.text_within("primary_email", LONGEST)?,
            billing_address: fields.raw_object("billing_address", LONGEST)?,
            metadata: fields.raw_object("metadata", LONGEST)?,
        },
        created_at: fields.required_moment("created_at")?,
        updated_at: fields.required_moment("updated_at")?,
    })
}

fn segment(fields: &Fields<'_>) -> Result<Segment, FieldError> {
    fields.only(&["subscription", "plan", "plan_name", "version", "period", "is_first", "items"])?;
    let version = version(&fields.required_object("version")?)?;
    let own = match fields.objects("items", MOST)? {
        Some(items) => Some(items.iter().map(item).collect::<Result<_, _>>()?),
        None => None,
    };
    Ok(Segment {
        subscription: fields.required_parsed("subscription")?,
        plan: fields.required_text("plan")?,
        plan_name: fields.required_text("plan_name")?,
        period: period(fields)?,
        is_first: fields.boolean("is_first")?.ok_or_else(|| fields.missing("is_first"))?,
        items: own.unwrap_or_else(|| version.items.clone()),
        version,
    })
}

fn credit(fields: &Fields<'_>) -> Result<Credit, FieldError> {
    fields.only(&["grant", "name", "left", "after_taxes"])?;
    let (grant, name) = (fields.required_parsed("grant")?, fields.required_text("name")?);
    let after_taxes = fields.boolean("after_taxes")?.unwrap_or(false);
    Ok(Credit { grant, name, left: computed(fields, "left")?, after_taxes })
}

fn adjustment(fields: &Fields<'_>) -> Result<Adjustment, FieldError> {
    fields.only(&["month", "period", "bill", "line", "name", "exact", "amount", "tax_category", "taxes"])?;
    Ok(Adjustment {
        month: fields.required_parsed("month")?,
        period: period(fields)?,
        bill: fields.text("bill")?,
        line: long(fields, "line")?,
        name: long(fields, "name")?,
        exact: fields.required_parsed("exact")?,
        amount: computed(fields, "amount")?,
        tax_category: fields.text("tax_category")?,
        taxes: list(fields, "taxes", tax)?,
    })
}

/// A decimal that may have more digits than figures from outside.
fn computed(fields: &Fields<'_>, name: &str) -> Result<Decimal, FieldError> {
    let text = fields.required_text(name)?;
    Decimal::computed(&text).map_err(|error| fields.wrong(name, error.to_string()))
}

fn subject(fields: &Fields<'_>) -> Result<PaidSubject, FieldError> {
    fields.only(&["subject", "start", "end"])?;
    Ok(PaidSubject { subject: long(fields, "subject")?, period: from_to(fields)? })
}

fn meter(fields: &Fields<'_>) -> Result<Meter, FieldError> {
    fields.only(&[&["id", "series", "created_at", "updated_at"], &definition::PROPERTIES[..]].concat())?;
    Ok(Meter {
        id: fields.required_parsed("id")?,
        series: fields.small("series")?.ok_or_else(|| fields.missing("series"))?,
        draft: definition(fields)?,
        created_at: fields.required_moment("created_at")?,
        updated_at: fields.required_moment("updated_at")?,
    })
}
