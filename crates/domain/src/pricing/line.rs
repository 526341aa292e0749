//! Lines of a rating: the exact parts that an amount is made of.

use super::InvalidPrice;
use crate::decimal::{Decimal, DecimalError};
use crate::ratio::Ratio;

/// What a line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// Units that were used.
    Usage,
    /// A fee that does not depend on how many.
    Flat,
    /// What single events cost more or less by the bounds of a percentage price.
    EventLimits,
    /// What is missing to the minimum.
    MinimumSpend,
}

impl Category {
    /// Whether all of its amount is flat.
    fn is_fee(self) -> bool {
        matches!(self, Category::Flat | Category::MinimumSpend)
    }
}

/// A part of an amount. Every figure is exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is for.
    pub category: Category,
    /// Which tier or rate of the price it comes from, from 0.
    pub slot: usize,
    /// How many units; 1 for what is billed as one thing.
    pub quantity: Ratio,
    /// What one of them costs; zero where there are none.
    pub unit_amount: Option<Ratio>,
    /// What part of the quantity it costs, for prices that are percentages.
    pub rate: Option<Decimal>,
    /// What of the amount does not depend on the quantity.
    pub flat_amount: Option<Ratio>,
    /// What it costs before discounts and credits.
    pub amount: Ratio,
    /// What is taken off: the percentage discount, then what is above the maximum.
    pub discounts: Vec<Ratio>,
    /// What credits pay of it, in their order.
    pub credits: Vec<Ratio>,
}

impl Line {
    /// All discounts together.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn discount(&self) -> Result<Ratio, DecimalError> {
        Ratio::sum(self.discounts.iter().copied())
    }

    /// All credits together.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn credit(&self) -> Result<Ratio, DecimalError> {
        Ratio::sum(self.credits.iter().copied())
    }

    /// What is left to pay of it.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn total(&self) -> Result<Ratio, DecimalError> {
        self.amount.sub(self.discount()?)?.sub(self.credit()?)
    }
}

/// A part of the amount of a period so far; a line is what it grew by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// Its place among the parts of the price, by which two states of a period are compared.
    pub(crate) slot: usize,
    pub(crate) kind: Kind,
    /// What of the amount does not depend on the quantity, where the price has such a part.
    pub(crate) flat: Option<Ratio>,
    pub(crate) amount: Ratio,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Billed as one thing, whatever the quantity.
    Once(Category),
    Units {
        quantity: Ratio,
        price: UnitPrice,
    },
}

/// What a unit costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnitPrice {
    Amount(Decimal),
    Rate(Decimal),
}

impl UnitPrice {
    /// What so many units cost.
    pub(crate) fn of(self, quantity: Ratio) -> Result<Ratio, DecimalError> {
        let (UnitPrice::Amount(figure) | UnitPrice::Rate(figure)) = self;
        quantity.mul(figure.into())
    }
}

impl Item {
    /// Units at a price.
    pub(crate) fn units(slot: usize, quantity: Ratio, price: UnitPrice) -> Result<Item, DecimalError> {
        let kind = Kind::Units { quantity, price };
        Ok(Item { slot, kind, flat: None, amount: price.of(quantity)? })
    }

    /// One thing at an amount.
    pub(crate) fn once(slot: usize, category: Category, amount: Ratio) -> Item {
        let flat = category.is_fee().then_some(amount);
        Item { slot, kind: Kind::Once(category), flat, amount }
    }

    fn negated(&self) -> Item {
        let kind = match self.kind {
            Kind::Once(category) => Kind::Once(category),
            Kind::Units { quantity, price } => Kind::Units { quantity: quantity.negate(), price },
        };
        Item { slot: self.slot, kind, flat: self.flat.map(Ratio::negate), amount: self.amount.negate() }
    }

    /// What it grew by since it was `before`.
    fn since(&self, before: &Item) -> Result<Item, DecimalError> {
        debug_assert_eq!(self.slot, before.slot);
        let kind = match (self.kind, before.kind) {
            (Kind::Units { quantity, price }, Kind::Units { quantity: earlier, .. }) => {
                Kind::Units { quantity: quantity.sub(earlier)?, price }
            }
            (kind, _) => kind,
        };
        let flat = match (self.flat, before.flat) {
            (Some(now), Some(then)) => Some(now.sub(then)?),
            (flat, _) => flat,
        };
        Ok(Item { slot: self.slot, kind, flat, amount: self.amount.sub(before.amount)? })
    }

    /// The line that it is; none where there is nothing to see.
    fn line(&self) -> Option<Line> {
        let nothing = self.amount.is_zero()
            && match self.kind {
                Kind::Once(_) => true,
                Kind::Units { quantity, .. } => quantity.is_zero(),
            };
        if nothing {
            return None;
        }
        let line = |category, quantity| Line {
            category,
            slot: self.slot,
            quantity,
            unit_amount: None,
            rate: None,
            flat_amount: self.flat,
            amount: self.amount,
            discounts: Vec::new(),
            credits: Vec::new(),
        };
        Some(match self.kind {
            Kind::Once(category) if category.is_fee() => line(category, Ratio::ONE),
            Kind::Once(category) => Line { unit_amount: Some(self.amount), ..line(category, Ratio::ONE) },
            Kind::Units { quantity, price } => {
                let line = line(Category::Usage, quantity);
                match price {
                    UnitPrice::Rate(rate) => Line { rate: Some(rate), ..line },
                    // Of no unit none was charged.
                    UnitPrice::Amount(_) if quantity.is_zero() => {
                        Line { unit_amount: Some(Ratio::ZERO), ..line }
                    }
                    UnitPrice::Amount(unit) => Line { unit_amount: Some(unit.into()), ..line },
                }
            }
        })
    }
}

/// What the parts of a period grew by, as lines. Both lists are in the order of their slots.
pub(crate) fn growth(after: &[Item], before: &[Item]) -> Result<Vec<Line>, DecimalError> {
    let (mut after, mut before) = (after.iter().peekable(), before.iter().peekable());
    let mut lines = Vec::with_capacity(after.len());
    loop {
        let slots = after.peek().into_iter().chain(before.peek()).map(|item| item.slot);
        let slot = slots.min();
        let at_slot = |item: &&Item| Some(item.slot) == slot;
        let item = match (after.next_if(at_slot), before.next_if(at_slot)) {
            (Some(now), Some(then)) => now.since(then)?,
            (Some(now), None) => now.clone(),
            (None, Some(then)) => then.negated(),
            (None, None) => return Ok(lines),
        };
        lines.extend(item.line());
    }
}

/// What is wrong with a list that is longer than it may be.
pub(crate) fn within(field: &str, length: usize, most: usize) -> Result<(), InvalidPrice> {
    if length > most {
        return Err(InvalidPrice::new(field, format!("must have at most {most} elements, not {length}")));
    }
    Ok(())
}
