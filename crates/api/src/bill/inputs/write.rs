//! Writing the inputs of a bill.

use super::BillInputs;
use crate::coupon::AppliedCoupon;
use crate::meter::definition::{Definition, raw};
use crate::plan::{PlanItem, PlanVersion};
use crate::tax::Tax;
use serde::Serialize;
use serde_json::value::RawValue;
use usage_domain::bill;
use usage_domain::customer::{self, PaidSubject};
use usage_domain::meter;
use usage_domain::subscription;
use usage_domain::time::{self, Timestamp};

/// The document.
#[derive(Serialize)]
pub(super) struct Document {
    customer: Customer,
    month: String,
    period: Period,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    segments: Vec<Segment>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    coupons: Vec<AppliedCoupon>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    credits: Vec<Credit>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    taxes: Vec<Tax>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    adjustments: Vec<Adjustment>,
    subjects: Vec<Subject>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    meters: Vec<Meter>,
}

#[derive(Serialize)]
struct Period {
    start: String,
    /// None for what has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
}

#[derive(Serialize)]
struct Customer {
    id: String,
    number: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    name: String,
    currency: String,
    time_zone: String,
    subjects: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_address: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Box<RawValue>>,
    created_at: String,
    updated_at: String,
}

#[derive(Serialize)]
struct Segment {
    subscription: String,
    plan: String,
    plan_name: String,
    version: PlanVersion,
    period: Period,
    is_first: bool,
    /// At the customer's own prices; none where they are the version's.
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Vec<PlanItem>>,
}

#[derive(Serialize)]
struct Credit {
    grant: String,
    name: String,
    left: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    after_taxes: bool,
}

#[derive(Serialize)]
struct Adjustment {
    month: String,
    period: Period,
    #[serde(skip_serializing_if = "Option::is_none")]
    bill: Option<String>,
    line: String,
    name: String,
    exact: String,
    amount: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_category: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    taxes: Vec<Tax>,
}

#[derive(Serialize)]
struct Subject {
    subject: String,
    #[serde(flatten)]
    period: Period,
}

#[derive(Serialize)]
struct Meter {
    id: String,
    series: u32,
    #[serde(flatten)]
    definition: Definition,
    created_at: String,
    updated_at: String,
}

impl From<&BillInputs> for Document {
    fn from(BillInputs { inputs, subjects, meters }: &BillInputs) -> Document {
        Document {
            customer: (&inputs.customer).into(),
            month: inputs.month.to_string(),
            period: (&inputs.period).into(),
            segments: inputs.segments.iter().map(Segment::from).collect(),
            coupons: inputs.coupons.iter().map(AppliedCoupon::from).collect(),
            credits: inputs.credits.iter().map(Credit::from).collect(),
            taxes: inputs.taxes.iter().map(Tax::from).collect(),
            adjustments: inputs.adjustments.iter().map(Adjustment::from).collect(),
            subjects: subjects.iter().map(Subject::from).collect(),
            meters: meters.iter().map(Meter::from).collect(),
        }
    }
}

impl From<&time::Period> for Period {
    fn from(period: &time::Period) -> Period {
        let ends = period.end < Timestamp::MAX;
        Period { start: period.start.to_string(), end: ends.then(|| period.end.to_string()) }
    }
}

impl From<&customer::Customer> for Customer {
    fn from(customer: &customer::Customer) -> Customer {
        let profile = &customer.profile;
        Customer {
            id: customer.id.to_string(),
            number: customer.number,
            key: customer.key.clone(),
            name: customer.name.clone(),
            currency: customer.currency.to_string(),
            time_zone: customer.zone.name().to_string(),
            subjects: customer.subjects.clone(),
            description: profile.description.clone(),
            primary_email: profile.primary_email.clone(),
            billing_address: raw(profile.billing_address.as_deref()),
            metadata: raw(profile.metadata.as_deref()),
            created_at: customer.created_at.to_string(),
            updated_at: customer.updated_at.to_string(),
        }
    }
}

impl From<&subscription::Segment> for Segment {
    fn from(segment: &subscription::Segment) -> Segment {
        let own = segment.items != segment.version.items;
        Segment {
            subscription: segment.subscription.to_string(),
            plan: segment.plan.clone(),
            plan_name: segment.plan_name.clone(),
            version: (&segment.version).into(),
            period: (&segment.period).into(),
            is_first: segment.is_first,
            items: own.then(|| segment.items.iter().map(PlanItem::from).collect()),
        }
    }
}

impl From<&bill::Credit> for Credit {
    fn from(credit: &bill::Credit) -> Credit {
        let (grant, left) = (credit.grant.to_string(), credit.left.to_string());
        Credit { grant, name: credit.name.clone(), left, after_taxes: credit.after_taxes }
    }
}

impl From<&bill::Adjustment> for Adjustment {
    fn from(adjustment: &bill::Adjustment) -> Adjustment {
        Adjustment {
            month: adjustment.month.to_string(),
            period: (&adjustment.period).into(),
            bill: adjustment.bill.clone(),
            line: adjustment.line.clone(),
            name: adjustment.name.clone(),
            exact: adjustment.exact.to_string(),
            amount: adjustment.amount.to_string(),
            tax_category: adjustment.tax_category.clone(),
            taxes: adjustment.taxes.iter().map(Tax::from).collect(),
        }
    }
}

impl From<&PaidSubject> for Subject {
    fn from(paid: &PaidSubject) -> Subject {
        Subject { subject: paid.subject.clone(), period: (&paid.period).into() }
    }
}

impl From<&meter::Meter> for Meter {
    fn from(meter: &meter::Meter) -> Meter {
        Meter {
            id: meter.id.to_string(),
            series: meter.series,
            definition: (&meter.draft).into(),
            created_at: meter.created_at.to_string(),
            updated_at: meter.updated_at.to_string(),
        }
    }
}
