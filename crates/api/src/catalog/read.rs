//! Reading a catalog: everything that is wrong with it, one thing of each element.

use super::{Catalog, Customer, GivenCoupon, Settings, Subscribed};
use crate::fields::Fields;
use crate::meter::definition::{self, definition};
use crate::price::read_price;
use crate::problem::FieldError;
use crate::settings::Seller;
use crate::{coupon, plan, tax};
use std::collections::{BTreeMap, HashMap};
use usage_domain::account::MAX_TAXES;
use usage_domain::coupon::MAX_APPLIED;
use usage_domain::customer::{CustomerDraft, InvalidCustomer, MAX_SUBJECTS};
use usage_domain::event::MAX_NAME;
use usage_domain::meter::{MAX_METERS, MeterDraft};
use usage_domain::time::Zone;

/// The most elements of a list that has no limit of its own.
const MOST: usize = 1_000_000;
/// The most subscriptions of a customer, and the most lines of an address.
const SOME: usize = 1000;

/// Reads the JSON of a catalog.
///
/// # Errors
/// All that is wrong with it, each with its path.
pub fn read(json: &str) -> Result<Catalog, Vec<FieldError>> {
    let fields = Fields::read("", json).map_err(|error| {
        let field = if error.field == "the body" { "the file".to_string() } else { error.field };
        vec![FieldError { field, reason: error.reason }]
    })?;
    let mut wrong = Vec::new();
    let known = ["settings", "meters", "taxes", "coupons", "plans", "customers"];
    wrong.extend(fields.only(&known).err());
    let settings = settings(&fields).unwrap_or_else(|error| {
        wrong.push(error);
        Settings::default()
    });
    let mut reading = Reading { fields: &fields, wrong };
    let catalog = Catalog {
        settings,
        meters: reading.list("meters", MAX_METERS, meter, |meter| meter.key.clone()),
        taxes: reading.list("taxes", MOST, tax::tax, |tax| tax.key.clone()),
        coupons: reading.list("coupons", MOST, coupon::coupon, |coupon| coupon.key.clone()),
        plans: reading.list("plans", MOST, plan::plan, |plan| plan.key.clone()),
        customers: reading.list("customers", MOST, customer, Customer::reference),
    };
    if reading.wrong.is_empty() { Ok(catalog) } else { Err(reading.wrong) }
}

struct Reading<'a> {
    fields: &'a Fields<'a>,
    wrong: Vec<FieldError>,
}

impl Reading<'_> {
    /// The elements of a list that can be read; no two of one name.
    fn list<T>(
        &mut self,
        name: &str,
        most: usize,
        read: impl Fn(&Fields<'_>) -> Result<T, FieldError>,
        key: impl Fn(&T) -> String,
    ) -> Vec<T> {
        let elements = self.fields.objects(name, most).unwrap_or_else(|error| {
            self.wrong.push(error);
            None
        });
        let (mut list, mut names) = (Vec::new(), HashMap::new());
        for (index, element) in elements.unwrap_or_default().iter().enumerate() {
            match read(element) {
                Ok(element) => {
                    if let Some(first) = names.insert(key(&element), index) {
                        let reason = format!("{:?} is {name}[{first}] already", key(&element));
                        self.wrong.push(self.fields.wrong(&format!("{name}[{index}]"), reason));
                    }
                    list.push(element);
                }
                Err(error) => self.wrong.push(error),
            }
        }
        list
    }
}

fn settings(fields: &Fields<'_>) -> Result<Settings, FieldError> {
    let Some(fields) = fields.object("settings")? else { return Ok(Settings::default()) };
    fields.only(&["seller", "number_prefix", "grace_days"])?;
    let seller = match fields.object("seller")? {
        None => None,
        Some(seller) => {
            seller.only(&["name", "address"])?;
            let address = match seller.is_text("address") {
                true => seller.required_text("address")?.lines().map(str::to_string).collect(),
                false => seller.texts("address", SOME)?.unwrap_or_default(),
            };
            Some(Seller { name: seller.required_text("name")?, address })
        }
    };
    let number_prefix = fields.text("number_prefix")?;
    Ok(Settings { seller, number_prefix, grace_days: fields.small("grace_days")? })
}

fn meter(fields: &Fields<'_>) -> Result<MeterDraft, FieldError> {
    fields.only(&definition::PROPERTIES)?;
    let mut meter = definition(fields)?;
    if let Some(metadata) = &meter.metadata {
        let texts: Result<BTreeMap<String, String>, _> = serde_json::from_str(metadata);
        let texts = texts.map_err(|_| fields.wrong("metadata", "must be an object of texts"))?;
        // As it is written where a meter is made by a request.
        meter.metadata = Some(crate::stored::text(&texts));
    }
    Ok(meter)
}

fn customer(fields: &Fields<'_>) -> Result<Customer, FieldError> {
    fields.only(&[
        "key",
        "number",
        "name",
        "currency",
        "time_zone",
        "subjects",
        "taxes",
        "coupons",
        "subscriptions",
    ])?;
    let zone: Option<Zone> = fields.parsed("time_zone")?;
    let of_dates = zone.clone().unwrap_or_else(Zone::utc);
    let subscriptions = fields.objects("subscriptions", SOME)?.unwrap_or_default();
    let subscriptions = subscriptions.iter().map(|fields| subscribed(fields, &of_dates));
    let customer = Customer {
        key: fields.text("key")?,
        number: fields.count("number")?,
        name: fields.required_text("name")?,
        currency: fields.parsed("currency")?,
        zone,
        subjects: fields.texts_within("subjects", MAX_SUBJECTS, MAX_NAME)?,
        taxes: fields.distinct("taxes", MAX_TAXES)?,
        coupons: given(fields)?,
        subscriptions: subscriptions.collect::<Result<_, _>>()?,
    };
    if customer.key.is_none() && customer.number.is_none() {
        return Err(fields.wrong("key", "is missing, and so is number: one of them names the customer"));
    }
    let draft = CustomerDraft {
        number: customer.number,
        key: customer.key.clone(),
        subjects: customer.subjects.clone().unwrap_or_default(),
        ..CustomerDraft::named(&customer.name)
    };
    draft.check().map_err(|InvalidCustomer::Field { field, reason }| {
        fields.wrong(if field == "usageAttribution.subjectKeys" { "subjects" } else { field }, reason)
    })?;
    Ok(customer)
}

/// Coupons: keys, or keys with their first months.
fn given(fields: &Fields<'_>) -> Result<Vec<GivenCoupon>, FieldError> {
    let given = fields.texts_or_objects("coupons", MAX_APPLIED, |coupon| {
        coupon.only(&["coupon", "from"])?;
        Ok(GivenCoupon { coupon: coupon.required_text("coupon")?, from: coupon.parsed("from")? })
    });
    let given: Vec<GivenCoupon> = given?
        .into_iter()
        .map(|given| given.unwrap_or_else(|coupon| GivenCoupon { coupon, from: None }))
        .collect();
    for (index, one) in given.iter().enumerate() {
        if given[..index].iter().any(|other| other.coupon == one.coupon) {
            let reason = format!("{:?} stands twice", one.coupon);
            return Err(fields.wrong(&format!("coupons[{index}]"), reason));
        }
    }
    Ok(given)
}

fn subscribed(fields: &Fields<'_>, zone: &Zone) -> Result<Subscribed, FieldError> {
    fields.only(&["plan", "version", "start", "end", "trial_end", "overrides"])?;
    let overrides = fields.each_object("overrides")?.into_iter();
    let overrides = overrides.map(|(item, price)| Ok((item, read_price(&price)?)));
    let subscribed = Subscribed {
        plan: fields.required_text("plan")?,
        version: fields.small("version")?,
        start: fields.moment("start", zone)?,
        end: fields.moment("end", zone)?,
        trial_end: fields.moment("trial_end", zone)?,
        overrides: overrides.collect::<Result<_, FieldError>>()?,
    };
    if subscribed.version == Some(0) {
        return Err(fields.wrong("version", "must be 1 or more, or absent for the one in force, not 0"));
    }
    if let (Some(start), Some(end)) = (subscribed.start, subscribed.end)
        && end <= start
    {
        return Err(fields.wrong("end", format!("must be after the start, {start}, not {end}")));
    }
    Ok(subscribed)
}
