//! Items of a plan: what is charged, and how.

use crate::pricing::Price;
use std::collections::{BTreeMap, BTreeSet};

/// One thing that a plan charges for: a line of the bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is called in files and requests; one item of a version each.
    pub key: String,
    /// What the bill's line says.
    pub name: String,
    /// What is charged.
    pub kind: ItemKind,
    /// By which taxes are chosen; `standard` where `None`.
    pub tax_category: Option<String>,
}

/// What is charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemKind {
    /// What a meter measures.
    Usage(UsageItem),
    /// A fee, whatever the usage: its price is flat.
    Fee {
        /// What it is and when it is due.
        price: Price,
        /// Whether a part of a period costs a part of the fee. A fee that is due once never does.
        prorate: bool,
    },
}

/// Metered usage at a price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageItem {
    /// The key of the meter.
    pub meter: String,
    /// What the units are, such as `tokens`.
    pub unit: Option<String>,
    /// Only usage whose dimensions have one of these values; nothing stands for events without it.
    pub filters: BTreeMap<String, BTreeSet<Option<String>>>,
    /// Dimensions that the line is broken down by. They show what was used, and change no amount.
    pub details: Vec<String>,
    /// What a quantity costs.
    pub price: Price,
}

impl Item {
    /// How its quantity becomes an amount.
    #[must_use]
    pub fn price(&self) -> &Price {
        match &self.kind {
            ItemKind::Usage(usage) => &usage.price,
            ItemKind::Fee { price, .. } => price,
        }
    }

    /// The same item at another price.
    #[must_use]
    pub fn with_price(mut self, new: Price) -> Item {
        match &mut self.kind {
            ItemKind::Usage(usage) => usage.price = new,
            ItemKind::Fee { price, .. } => *price = new,
        }
        self
    }
}
