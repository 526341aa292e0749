//! The columns of the dataset, each with what it holds.
//!
//! Owns their names and order: those of FOCUS by the alphabet, then our own. An empty cell is FOCUS's null.
//! Columns for what is not known here (commitments, regions, resources, sub accounts, tags) are null
//! throughout; they are there because FOCUS 1.0 asks for them, so that readers of 1.0 take the file too.

use super::Provider;
use super::row::{Category, Priced, Row, Sku};
use usage_domain::decimal::Decimal;

/// What a column holds in a row.
pub(super) type Cell = fn(&Row<'_>, &Provider) -> String;

const NULL: Cell = |_, _| String::new();

pub(super) const COLUMNS: [(&str, Cell); 54] = [
    ("BilledCost", |row, _| row.billed.to_string()),
    ("BillingAccountId", |row, _| row.bill.customer.id.clone()),
    ("BillingAccountName", |row, _| row.bill.customer.name.clone()),
    ("BillingCurrency", |row, _| row.bill.currency.clone()),
    ("BillingPeriodEnd", |row, _| second(&row.bill.to)),
    ("BillingPeriodStart", |row, _| second(&row.bill.from)),
    ("ChargeCategory", |row, _| row.category.name().to_string()),
    ("ChargeClass", |row, _| if row.corrects() { "Correction".to_string() } else { String::new() }),
    ("ChargeDescription", |row, _| row.description.clone()),
    ("ChargeFrequency", |row, _| row.frequency.to_string()),
    ("ChargePeriodEnd", |row, _| second(&row.line.to)),
    ("ChargePeriodStart", |row, _| second(&row.line.from)),
    ("CommitmentDiscountCategory", NULL),
    ("CommitmentDiscountId", NULL),
    ("CommitmentDiscountName", NULL),
    ("CommitmentDiscountStatus", NULL),
    ("CommitmentDiscountType", NULL),
    ("ConsumedQuantity", |row, _| {
        row.consumed.as_ref().map(|used| used.quantity.clone()).unwrap_or_default()
    }),
    ("ConsumedUnit", |row, _| row.consumed.as_ref().map(|used| used.unit.to_string()).unwrap_or_default()),
    ("ContractedCost", |row, _| row.list.to_string()),
    ("ContractedUnitPrice", |row, _| priced(row, |priced| priced.unit_price.to_string())),
    ("EffectiveCost", |row, _| row.billed.to_string()),
    ("InvoiceId", |row, _| row.bill.number.clone().unwrap_or_default()),
    ("InvoiceIssuerName", |_, provider| provider.issuer.clone()),
    ("ListCost", |row, _| row.list.to_string()),
    ("ListUnitPrice", |row, _| priced(row, |priced| priced.unit_price.to_string())),
    ("PricingCategory", |row, _| priced(row, |priced| priced.category.to_string())),
    ("PricingQuantity", |row, _| priced(row, |priced| priced.quantity.to_string())),
    ("PricingUnit", |row, _| priced(row, |priced| priced.unit.clone())),
    ("ProviderName", |_, provider| provider.name.clone()),
    ("PublisherName", |_, provider| provider.publisher.clone()),
    ("RegionId", NULL),
    ("RegionName", NULL),
    ("ResourceId", NULL),
    ("ResourceName", NULL),
    ("ResourceType", NULL),
    // What a service is for is not known; FOCUS asks for `Other` then.
    ("ServiceCategory", |_, _| "Other".to_string()),
    ("ServiceName", |row, _| row.service().to_string()),
    ("ServiceSubcategory", |_, _| "Other (Other)".to_string()),
    ("SkuId", |row, _| sku(row, |sku| sku.id.clone())),
    ("SkuMeter", |row, _| sku(row, |sku| sku.meter.clone())),
    ("SkuPriceDetails", |row, _| sku(row, |sku| sku.details.clone().unwrap_or_default())),
    ("SkuPriceId", |row, _| sku(row, |sku| sku.price_id.clone())),
    ("SubAccountId", NULL),
    ("SubAccountName", NULL),
    ("Tags", NULL),
    ("x_BillStatus", |row, _| row.bill.status.clone()),
    ("x_CorrectedInvoiceId", |row, _| {
        row.line.adjusts.as_ref().and_then(|adjusts| adjusts.bill.clone()).unwrap_or_default()
    }),
    ("x_Coupons", coupons),
    ("x_CustomerKey", |row, _| row.bill.customer.key.clone().unwrap_or_default()),
    ("x_CustomerNumber", |row, _| row.bill.customer.number.to_string()),
    ("x_DiscountAmount", |row, _| some(row.discount)),
    ("x_LineKey", |row, _| row.line.key.clone()),
    ("x_LineKind", |row, _| row.line.kind.clone()),
];

fn priced(row: &Row<'_>, part: fn(&Priced) -> String) -> String {
    row.priced.as_ref().map(part).unwrap_or_default()
}

fn sku(row: &Row<'_>, part: fn(&Sku) -> String) -> String {
    row.sku.as_ref().map(part).unwrap_or_default()
}

fn some(amount: Decimal) -> String {
    if amount.is_zero() { String::new() } else { amount.to_string() }
}

/// The coupons of a row that has a discount. Which of a bill's coupons took how much off which of its
/// lines is not known: they work together.
fn coupons(row: &Row<'_>, _: &Provider) -> String {
    if row.discount.is_zero() || matches!(row.category, Category::Tax | Category::Credit) {
        return String::new();
    }
    let keys: Vec<&str> = row.bill.discounts.iter().map(|discount| discount.coupon.as_str()).collect();
    keys.join(", ")
}

/// A moment in whole seconds: `2026-11-01T00:00:00Z`.
fn second(moment: &str) -> String {
    match moment.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => moment.to_string(),
    }
}
