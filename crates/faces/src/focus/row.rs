//! A row of the dataset, before it is text.

use usage_api::bill::{Bill, Line};
use usage_domain::decimal::Decimal;

/// A row.
#[derive(Debug, Clone)]
pub(super) struct Row<'a> {
    pub(super) bill: &'a Bill,
    pub(super) line: &'a Line,
    pub(super) category: Category,
    pub(super) frequency: &'static str,
    pub(super) description: String,
    /// What is to pay for it; also what it costs in effect, as nothing here is paid ahead of its use.
    pub(super) billed: Decimal,
    /// What it costs by its price, before discounts, which is also what was agreed.
    pub(super) list: Decimal,
    pub(super) priced: Option<Priced>,
    pub(super) consumed: Option<Consumed<'a>>,
    pub(super) sku: Option<Sku>,
    /// What coupons took off it.
    pub(super) discount: Decimal,
}

/// What kind of charge a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Category {
    Usage,
    Purchase,
    Tax,
    Credit,
    Adjustment,
}

/// A quantity times a price.
#[derive(Debug, Clone)]
pub(super) struct Priced {
    pub(super) quantity: Decimal,
    pub(super) unit: String,
    pub(super) unit_price: Decimal,
    /// `Standard` where a plan has the price, `Other` where each event has its own.
    pub(super) category: &'static str,
    /// Whether it is one thing at a price that is all of it.
    pub(super) is_at_once: bool,
}

/// What was used, as it was measured.
#[derive(Debug, Clone)]
pub(super) struct Consumed<'a> {
    pub(super) quantity: String,
    pub(super) unit: &'a str,
}

/// What is sold, at which of its prices.
#[derive(Debug, Clone)]
pub(super) struct Sku {
    pub(super) id: String,
    pub(super) price_id: String,
    pub(super) meter: String,
    /// What tells the price apart, as a JSON object.
    pub(super) details: Option<String>,
}

impl Category {
    pub(super) fn name(self) -> &'static str {
        match self {
            Category::Usage => "Usage",
            Category::Purchase => "Purchase",
            Category::Tax => "Tax",
            Category::Credit => "Credit",
            Category::Adjustment => "Adjustment",
        }
    }
}

impl Row<'_> {
    /// Whether it corrects a bill of an earlier month.
    pub(super) fn corrects(&self) -> bool {
        self.line.adjusts.is_some()
    }

    /// The service, without what the line says beside it: the same name on every bill.
    pub(super) fn service(&self) -> &str {
        let said = self.line.service.as_str();
        let beside = match &self.line.adjusts {
            Some(adjusts) => match &adjusts.bill {
                Some(bill) => format!(" ({}, bill {bill})", adjusts.month),
                None => format!(" ({}, late)", adjusts.month),
            },
            None => ": to the minimum".to_string(),
        };
        said.strip_suffix(&beside).filter(|service| !service.is_empty()).unwrap_or(said)
    }
}
