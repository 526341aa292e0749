//! Where the columns of a FOCUS file are, and what a row has in them.
//!
//! Owns which columns must be there. Null is an empty value, or the word `NULL`, quoted or not.

use super::customer_by::CustomerBy;
use crate::ImportError;
use crate::table::{short_name, value};
use csv::StringRecord;
use std::path::Path;

/// The columns that a row needs, by their places in it.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) billed_cost: usize,
    pub(super) currency: usize,
    pub(super) charge_start: usize,
    pub(super) service: usize,
    pub(super) description: Option<usize>,
    /// Columns of a quantity and its unit: those of the first quantity that is not null count.
    pub(super) quantities: Vec<(usize, Option<usize>)>,
    /// Columns of the provider: the first that is not null counts.
    pub(super) provider: Vec<usize>,
    pub(super) customer: CustomerColumns,
    pub(super) customer_name: Option<usize>,
    /// Columns that are kept beside the charge, and the names that they are kept under.
    pub(super) details: Vec<(usize, &'static str)>,
    pub(super) tags: Option<usize>,
    /// All columns, in the order of their names, with the short form of the name.
    pub(super) by_name: Vec<([u8; 8], usize)>,
}

/// The columns that name a row's customer.
#[derive(Debug)]
pub(super) enum CustomerColumns {
    /// The provider, and the first of these accounts that is not null.
    Account(Vec<usize>),
    /// All of these.
    Each(Vec<usize>),
}

/// The provider's column until FOCUS 1.2, and from 1.3.
const PROVIDER: [&str; 2] = ["ProviderName", "ServiceProviderName"];
const ACCOUNT: [&str; 2] = ["SubAccountId", "BillingAccountId"];
/// What is kept of a row besides its charge. None of these is billed.
const DETAILS: [(&str, &str); 36] = [
    ("ChargeCategory", "charge_category"),
    ("ChargeClass", "charge_class"),
    ("ChargeFrequency", "charge_frequency"),
    ("ChargePeriodEnd", "charge_period_end"),
    ("BillingPeriodStart", "billing_period_start"),
    ("BillingPeriodEnd", "billing_period_end"),
    ("ListUnitPrice", "list_unit_price"),
    ("ListCost", "list_cost"),
    ("ContractedUnitPrice", "contracted_unit_price"),
    ("ContractedCost", "contracted_cost"),
    ("EffectiveCost", "effective_cost"),
    ("PricingQuantity", "pricing_quantity"),
    ("PricingUnit", "pricing_unit"),
    ("PricingCategory", "pricing_category"),
    ("ServiceCategory", "service_category"),
    ("ServiceSubcategory", "service_subcategory"),
    ("ResourceId", "resource_id"),
    ("ResourceName", "resource_name"),
    ("ResourceType", "resource_type"),
    ("RegionId", "region_id"),
    ("RegionName", "region_name"),
    ("AvailabilityZone", "availability_zone"),
    ("SkuId", "sku_id"),
    ("SkuPriceId", "sku_price_id"),
    ("SkuMeter", "sku_meter"),
    ("InvoiceId", "invoice_id"),
    ("InvoiceIssuerName", "invoice_issuer"),
    ("PublisherName", "publisher"),
    ("HostProviderName", "host_provider"),
    ("BillingAccountId", "billing_account_id"),
    ("BillingAccountName", "billing_account_name"),
    ("SubAccountId", "sub_account_id"),
    ("CommitmentDiscountId", "commitment_discount_id"),
    ("CommitmentDiscountName", "commitment_discount_name"),
    ("CommitmentDiscountStatus", "commitment_discount_status"),
    ("CommitmentDiscountType", "commitment_discount_type"),
];

impl Layout {
    /// Finds the columns in a header.
    pub(super) fn new(path: &Path, columns: &[String], by: &CustomerBy) -> Result<Layout, ImportError> {
        let find = |name: &str| columns.iter().position(|column| column == name);
        let all = |names: [&str; 2]| names.into_iter().filter_map(find).collect::<Vec<_>>();
        let mut missing = Vec::new();
        let mut need = |name: &str| {
            find(name).unwrap_or_else(|| {
                missing.push(name.to_string());
                0
            })
        };
        let (billed_cost, currency) = (need("BilledCost"), need("BillingCurrency"));
        let (charge_start, service) = (need("ChargePeriodStart"), need("ServiceName"));
        let (provider, accounts) = (all(PROVIDER), all(ACCOUNT));
        if *by == CustomerBy::SubAccount {
            for (found, names) in [(&provider, PROVIDER), (&accounts, ACCOUNT)] {
                if found.is_empty() {
                    need(names[0]);
                }
            }
        }
        let path = || path.display().to_string();
        if !missing.is_empty() {
            return Err(ImportError::NotFocus { path: path(), missing });
        }
        let customer = match by {
            CustomerBy::SubAccount => CustomerColumns::Account(accounts),
            CustomerBy::Columns(names) => CustomerColumns::Each(
                names.iter().map(|name| find(name).ok_or(name)).collect::<Result<_, _>>().map_err(
                    |name| ImportError::NoSuchColumn {
                        path: path(),
                        column: name.clone(),
                        columns: columns.to_vec(),
                    },
                )?,
            ),
        };
        let mut by_name: Vec<(&String, usize)> = columns.iter().zip(0..).collect();
        by_name.sort_unstable();
        let quantity = |quantity: &str, unit: &str| find(quantity).map(|column| (column, find(unit)));
        Ok(Layout {
            billed_cost,
            currency,
            charge_start,
            service,
            description: find("ChargeDescription"),
            quantities: [("ConsumedQuantity", "ConsumedUnit"), ("PricingQuantity", "PricingUnit")]
                .into_iter()
                .filter_map(|(q, u)| quantity(q, u))
                .collect(),
            provider,
            customer,
            customer_name: find("SubAccountName"),
            details: DETAILS.iter().filter_map(|(column, name)| Some((find(column)?, *name))).collect(),
            tags: find("Tags"),
            by_name: by_name.into_iter().map(|(name, column)| (short_name(name), column)).collect(),
        })
    }
}

/// The first value that is not null.
pub(super) fn first<'a>(record: &'a StringRecord, columns: &[usize]) -> Option<&'a str> {
    columns.iter().find_map(|column| value(record, *column))
}
