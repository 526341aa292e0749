//! What bills in tests are made from.

use ulid::Ulid;
use usage_domain::bill::{Consumed, Inputs, Measured};
use usage_domain::charge::ChargeGroup;
use usage_domain::coupon::{AppliedCoupon, Coupon};
use usage_domain::currency::Currency;
use usage_domain::customer::{Customer, CustomerDraft, CustomerId};
use usage_domain::decimal::Decimal;
use usage_domain::plan::{Item, ItemKind, PlanVersion, UsageItem};
use usage_domain::pricing::{Consumption, Model, Price, coupons};
use usage_domain::subscription::{Segment, SubscriptionId};
use usage_domain::time::{Period, Timestamp};
use usage_domain::usage::Totals;

/// A month of a customer that has nothing yet, in UTC.
pub(crate) fn inputs(currency: Currency, month: &str) -> Inputs {
    let draft = CustomerDraft::named("Bob");
    let customer = Customer {
        id: CustomerId(Ulid(1)),
        number: 456,
        key: None,
        name: draft.name,
        currency,
        zone: draft.zone,
        subjects: vec![],
        profile: draft.profile,
        created_at: Timestamp::MIN,
        updated_at: Timestamp::MIN,
    };
    Inputs::plain(customer, month.parse().unwrap())
}

/// An item of any price: a prorated fee where it is flat, and usage where it is not.
pub(crate) fn item(key: impl Into<String>, price: Price) -> Item {
    let kind = match price.model() {
        Model::Flat(_) => ItemKind::Fee { price, prorate: true },
        _ => ItemKind::Usage(UsageItem {
            meter: "units".into(),
            unit: None,
            filters: [].into(),
            details: vec![],
            price,
        }),
    };
    let key = key.into();
    Item { name: key.clone(), key, kind, tax_category: None }
}

pub(crate) fn version(currency: Currency, minimum: Option<Decimal>, items: Vec<Item>) -> PlanVersion {
    PlanVersion {
        number: 1,
        effective_from: Timestamp::MIN,
        currency,
        trial_days: 0,
        minimum_amount: minimum,
        corrections: Default::default(),
        items,
    }
}

/// A stretch of a subscription of this number, the first one of it.
pub(crate) fn segment(number: u128, period: Period, version: PlanVersion) -> Segment {
    Segment {
        subscription: SubscriptionId(Ulid(number)),
        plan: "pro".into(),
        plan_name: "Pro".into(),
        items: version.items.clone(),
        version,
        period,
        is_first: true,
    }
}

/// What was used of one item; of a fee, nothing is.
pub(crate) fn consumed(item: &Item, consumption: Consumption) -> Consumed {
    match item.kind {
        ItemKind::Fee { .. } => Consumed::default(),
        ItemKind::Usage(_) => Consumed { consumption, events: 1, details: vec![] },
    }
}

/// A charge of each amount, of a service that the number names.
pub(crate) fn charges(amounts: impl IntoIterator<Item = (usize, Decimal)>) -> Measured {
    let group = |(service, amount): (usize, Decimal)| {
        let group = ChargeGroup {
            service: format!("{service:03}"),
            description: None,
            unit: None,
            unit_price: None,
            currency: None,
            has_quantity: false,
        };
        (group, Totals { changes: 1, events: 1, quantity: Decimal::ZERO, amount })
    };
    Measured { charges: amounts.into_iter().map(group).collect(), ..Measured::default() }
}

/// A coupon that was given long ago, for ever.
pub(crate) fn coupon(off: coupons::Coupon, currency: Currency) -> AppliedCoupon {
    let currency = matches!(off, coupons::Coupon::Fixed(_)).then_some(currency);
    let coupon = Coupon { key: "off".into(), name: "Off".into(), off, currency, months: None };
    AppliedCoupon { coupon, from: "2000-01".parse().unwrap() }
}
