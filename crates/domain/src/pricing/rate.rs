//! Rating: from usage to an amount, in this order and no other: unit conversion → usage discount →
//! price → percentage discount → maximum → minimum → credits → one rounding.
//!
//! A part of a period costs what the period so far costs, less what it cost before the part. Rating
//! a period at once or in parts therefore gives the same total, rounded amounts included.

use super::consumption::{Consumption, Events};
use super::credits;
use super::invalid::{CreditsLeft, RateError};
use super::line::{Category, Item, Line, UnitPrice, growth};
use super::matrix::Matrix;
use super::price::{Model, Price};
use super::usage_discount::UsageDiscount;
use super::{Stage, graduated, graduated_percentage, volume};
use crate::currency::Currency;
use crate::decimal::{Decimal, DecimalError};
use crate::money::Money;
use crate::ratio::Ratio;
use crate::rounding::{Mode, round};
use std::collections::BTreeMap;

/// A period, or a part of one, that is rated.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// What was used since the period began, up to the end of the part.
    pub usage: &'a Consumption,
    /// What of it was used before the part; none for the first part of a period.
    pub before: Option<&'a Consumption>,
    /// Whether the period is over with this part.
    pub stage: Stage,
    /// What share of a whole period the price holds for, 0 to 1: fees, maximum and minimum are
    /// prorated by it, usage is not.
    pub share: Ratio,
}

impl<'a> Part<'a> {
    /// A whole period, or one so far as if it were over.
    #[must_use]
    pub fn whole(usage: &'a Consumption) -> Part<'a> {
        Part { usage, before: None, stage: Stage::Ended, share: Ratio::ONE }
    }
}

/// What a period or a part of one costs, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rating {
    /// The exact parts that the amount is the sum of.
    pub lines: Vec<Line>,
    /// What it costs before discounts and credits, exactly.
    pub gross: Ratio,
    /// What discounts and the maximum take off, exactly.
    pub discount: Ratio,
    /// What credits pay, exactly.
    pub credit: Ratio,
    /// What is left to pay, exactly.
    pub amount: Ratio,
    /// The same, rounded once to the minor unit.
    pub rounded: Money,
}

/// What a period costs so far.
struct State {
    items: Vec<Item>,
    /// After the discount and the maximum, before the minimum.
    capped: Ratio,
}

impl Price {
    /// What a part of a period costs in `currency`, after `credits`, which are drawn down in order.
    ///
    /// # Errors
    /// Figures that do not fit, usage that lacks what the price looks at, or credits of more than
    /// there is to pay.
    pub fn rate(
        &self,
        part: &Part<'_>,
        currency: Currency,
        credits: &[Decimal],
    ) -> Result<Rating, RateError> {
        let after = self.state(part.usage, part.stage, part.share)?;
        let before = match part.before {
            Some(usage) => self.state(usage, Stage::Running, part.share)?,
            None => State { items: Vec::new(), capped: Ratio::ZERO },
        };
        let limits = &self.terms().limits;
        let mut lines = growth(&after.items, &before.items)?;
        for line in &mut lines {
            line.discounts.extend(limits.off(line.amount)?.filter(|off| !off.is_zero()));
        }
        let net = Ratio::sum(lines.iter().map(Line::total).collect::<Result<Vec<_>, _>>()?)?;
        cut(&mut lines, net.sub(after.capped.sub(before.capped)?)?)?;
        let missing = limits.missing(after.capped, part.share, part.stage)?;
        if missing.is_positive() {
            lines.extend(growth(&[Item::once(0, Category::MinimumSpend, missing)], &[])?);
        }
        let payable = Ratio::sum(lines.iter().map(Line::total).collect::<Result<Vec<_>, _>>()?)?;
        let credits: Vec<Ratio> = credits.iter().map(|credit| (*credit).into()).collect();
        let left = credits::draw(&mut lines, &credits)?;
        if left.is_positive() {
            return Err(RateError::CreditsLeft(Box::new(CreditsLeft { left, payable })));
        }
        Ok(Rating::new(lines, before.capped, currency)?)
    }

    fn state(&self, usage: &Consumption, stage: Stage, share: Ratio) -> Result<State, RateError> {
        let items = self.items(usage, stage, share)?;
        let gross = Ratio::sum(items.iter().map(|item| item.amount))?;
        let limits = &self.terms().limits;
        let net = gross.sub(limits.off(gross)?.unwrap_or(Ratio::ZERO))?;
        Ok(State { items, capped: limits.capped(net, share)? })
    }

    /// Unit conversion, usage discount and price.
    fn items(&self, usage: &Consumption, stage: Stage, share: Ratio) -> Result<Vec<Item>, RateError> {
        let mut discount = UsageDiscount::new(self.terms().usage_discount);
        let quantity = || self.quantity(usage.quantity);
        Ok(match self.model() {
            Model::Flat(flat) => flat.items(stage, share)?,
            Model::Dynamic(dynamic) => dynamic.items(usage.quantity.into())?,
            Model::PerUnit(per_unit) => per_unit.items(quantity()?)?,
            Model::Package(package) => package.items(quantity()?)?,
            Model::Graduated(tiers) => graduated::items(tiers, quantity()?, UnitPrice::Amount)?,
            Model::GraduatedPercentage(tiers) => graduated_percentage::items(tiers, quantity()?)?,
            Model::Volume(tiers) => {
                let of_tier = self.quantity(usage.tier_quantity.unwrap_or(usage.quantity))?;
                volume::items(tiers, quantity()?, of_tier, stage)?
            }
            Model::Percentage(percentage) => {
                percentage.items(&discounted(self.events(usage)?, &mut discount)?)?
            }
            Model::Matrix(matrix) => {
                let quantities = self.by_rate(matrix, usage)?.into_iter();
                let item = |(slot, quantity)| matrix.item(slot, discount.take(self.converted(quantity)?)?);
                quantities.map(item).collect::<Result<_, DecimalError>>()?
            }
        })
    }

    fn converted(&self, quantity: Decimal) -> Result<Ratio, DecimalError> {
        self.terms().unit_conversion.map_or(Ok(quantity.into()), |conversion| conversion.apply(quantity))
    }

    /// The units of a period that are to be paid.
    fn quantity(&self, metered: Decimal) -> Result<Ratio, DecimalError> {
        UsageDiscount::new(self.terms().usage_discount).take(self.converted(metered)?)
    }

    /// The single events of usage, in converted units.
    fn events(&self, usage: &Consumption) -> Result<Events<Ratio>, RateError> {
        let events = &usage.events;
        if events.each.is_empty() && events.rest_count == 0 && !usage.quantity.is_zero() {
            let reason = "is missing: a percentage price counts events besides what they add up to";
            return Err(RateError::usage("events_count", reason));
        }
        Ok(events.map(|value| self.converted(value))?)
    }

    /// The units of each rate of a matrix.
    fn by_rate(&self, matrix: &Matrix, usage: &Consumption) -> Result<BTreeMap<usize, Decimal>, RateError> {
        if usage.groups.is_empty() && !usage.quantity.is_zero() {
            let reason = "are missing: a matrix price needs the units of each combination of values";
            return Err(RateError::usage("groups", reason));
        }
        matrix.quantities(&usage.groups)
    }
}

/// The usage discount of single events, the first ones first.
fn discounted(events: Events<Ratio>, discount: &mut UsageDiscount) -> Result<Events<Ratio>, DecimalError> {
    Ok(Events {
        each: events.each.into_iter().map(|value| discount.take(value)).collect::<Result<_, _>>()?,
        rest: discount.take(events.rest)?,
        rest_count: events.rest_count,
    })
}

/// Takes off what is above the maximum, from the last line backwards. What a correction gives back
/// of it (a negative cut) is given back with the last line.
fn cut(lines: &mut [Line], mut cut: Ratio) -> Result<(), DecimalError> {
    for line in lines.iter_mut().rev() {
        if cut.is_zero() {
            return Ok(());
        }
        let off = line.total()?.max(Ratio::ZERO)?.min(cut)?;
        if !off.is_zero() {
            line.discounts.push(off);
            cut = cut.sub(off)?;
        }
    }
    debug_assert!(cut.is_zero(), "lines have at least what is above the maximum");
    Ok(())
}

impl Rating {
    /// `before` is what the period cost before its lines.
    fn new(lines: Vec<Line>, before: Ratio, currency: Currency) -> Result<Rating, DecimalError> {
        let sum = |of: fn(&Line) -> Result<Ratio, DecimalError>| {
            lines.iter().try_fold(Ratio::ZERO, |sum, line| sum.add(of(line)?))
        };
        let (gross, discount, credit) =
            (sum(|line| Ok(line.amount))?, sum(Line::discount)?, sum(Line::credit)?);
        let amount = sum(Line::total)?;
        // No currency has more than four digits after the point.
        let digits = i8::try_from(currency.minor_digits()).unwrap_or_default();
        let minor = |amount| round(amount, Mode::HalfAwayFromZero, digits);
        let rounded = minor(before.add(amount)?)?.sub(minor(before)?)?;
        Ok(Rating { gross, discount, credit, amount, rounded: Money { amount: rounded, currency }, lines })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::conversion::{Operation, UnitConversion};
    use crate::pricing::fixtures::{d, some, tiers};
    use crate::pricing::flat::{Due, Flat};
    use crate::pricing::limits::Limits;
    use crate::pricing::per_unit::PerUnit;
    use crate::pricing::percentage::Percentage;
    use crate::pricing::price::Terms;

    /// Terms from `usage_discount percentage_discount minimum maximum`, `-` for none.
    fn terms(row: &str) -> Terms {
        let f: Vec<Option<Decimal>> =
            row.split_whitespace().map(|f| some(if f == "-" { "" } else { f })).collect();
        let limits = Limits { percentage_discount: f[1], minimum_amount: f[2], maximum_amount: f[3] };
        Terms { unit_conversion: None, usage_discount: f[0], limits }
    }

    fn per_unit(unit_amount: &str, terms: Terms) -> Price {
        Price::new(Model::PerUnit(PerUnit { unit_amount: d(unit_amount) }), terms).unwrap()
    }

    fn used(quantity: &str) -> Consumption {
        Consumption::of(d(quantity))
    }

    fn rate(price: &Price, part: &Part<'_>) -> Rating {
        price.rate(part, Currency::USD, &[]).unwrap()
    }

    #[test]
    fn discounts_and_limits_come_in_their_order() {
        for (row, quantity, gross, discount, amount) in [
            ("- - - -", "20", "200", "0", "200"),
            ("5 - - -", "20", "150", "0", "150"),
            ("5 0.5 - -", "20", "150", "75", "75"),
            // The maximum is of what the discount leaves, the minimum of what the maximum leaves.
            ("- 0.5 - 100", "30", "300", "200", "100"),
            ("- 0.5 - 100", "19", "190", "95", "95"),
            ("- 0.9 50 100", "20", "230", "180", "50"),
            ("30 - 100 100", "20", "100", "0", "100"),
            ("- 0.1 - -", "-20", "-200", "-20", "-180"),
            ("- - 10 -", "-20", "10", "0", "10"),
            ("- 1 - -", "20", "200", "200", "0"),
        ] {
            let rating = rate(&per_unit("10", terms(row)), &Part::whole(&used(quantity)));
            let shown = [rating.gross, rating.discount, rating.amount].map(|figure| figure.to_string());
            assert_eq!(shown, [gross, discount, amount], "{row}: {quantity}");
        }
    }

    #[test]
    fn units_are_converted_before_anything_else_and_a_third_stays_a_third_until_the_end() {
        let by = |rounding| UnitConversion::new(Operation::Divide, d("3"), rounding).ok();
        for (rounding, quantity, amount, rounded) in [
            (None, "10", "10/3", "3.33"),
            (None, "0.045", "0.015", "0.02"),
            (Some((Mode::Ceiling, 0)), "10", "4", "4.00"),
            // 1/200 is half a cent, exactly: a third cut off anywhere would lose it.
            (None, "0.015", "0.005", "0.01"),
        ] {
            let price = per_unit("1", Terms { unit_conversion: by(rounding), ..Terms::default() });
            let rating = rate(&price, &Part::whole(&used(quantity)));
            assert_eq!(
                (rating.amount.to_string().as_str(), rating.rounded.figure().as_str()),
                (amount, rounded)
            );
        }
    }

    #[test]
    fn the_maximum_is_taken_from_the_last_lines_and_credits_from_the_first() {
        let maximum = terms("- - - 170");
        let model = Model::Graduated(tiers(&["5 0 100", "10 0 50", "15 5 0", "- 1 0"]));
        let price = Price::new(model, maximum).unwrap();
        let rating = price.rate(&Part::whole(&used("22")), Currency::USD, &[d("120")]).unwrap();
        let shown = |line: &Line| {
            let figures = [Ok(line.amount), line.discount(), line.credit(), line.total()];
            figures.map(|figure| figure.unwrap().to_string()).join(" ")
        };
        let lines: Vec<String> = rating.lines.iter().map(shown).collect();
        assert_eq!(lines, ["100 0 100 0", "50 0 20 30", "25 5 0 20", "7 7 0 0"]);
        assert_eq!((rating.amount, rating.credit), (d("50").into(), d("120").into()));
        let left = price.rate(&Part::whole(&used("22")), Currency::USD, &[d("100"), d("75")]).unwrap_err();
        assert_eq!(left.to_string(), "credits of 5 are left over: there is only 170 to pay");
    }

    #[test]
    fn a_part_costs_what_the_period_grew_by_to_the_minor_unit() {
        let price = per_unit("0.335", Terms::default());
        let mut before: Option<Consumption> = None;
        for (used_so_far, stage, rounded) in
            [("1", Stage::Running, "0.34"), ("2", Stage::Running, "0.33"), ("3", Stage::Ended, "0.34")]
        {
            let usage = used(used_so_far);
            let part = Part { usage: &usage, before: before.as_ref(), stage, share: Ratio::ONE };
            assert_eq!(rate(&price, &part).rounded.figure(), rounded, "{used_so_far}");
            before = Some(usage);
        }
        assert_eq!(rate(&price, &Part::whole(&used("3"))).rounded.figure(), "1.01");
    }

    #[test]
    fn a_correction_below_the_maximum_gives_the_cut_back_first() {
        let price = per_unit("10", terms("- - - 100"));
        let (before, after) = (used("20"), used("15"));
        let part = Part { before: Some(&before), ..Part::whole(&after) };
        let rating = rate(&price, &part);
        assert_eq!(
            [rating.gross, rating.discount, rating.amount].map(|f| f.to_string()),
            ["-50", "-50", "0"]
        );
    }

    #[test]
    fn a_share_of_a_period_has_a_share_of_fees_and_limits_but_not_of_usage() {
        let share = Ratio::new(d("16"), d("31")).unwrap();
        let fee = Price::new(Model::Flat(Flat { amount: d("100"), due: Due::InAdvance }), terms("- - - -"));
        for (price, quantity, amount) in [
            (fee.unwrap(), "0", "1600/31"),
            (per_unit("1", terms("- - 62 93")), "1", "32"),
            (per_unit("1", terms("- - 62 93")), "40", "40"),
            (per_unit("1", terms("- - 62 93")), "100", "48"),
        ] {
            let usage = used(quantity);
            let rating = rate(&price, &Part { share, ..Part::whole(&usage) });
            assert_eq!(rating.amount.to_string(), amount);
        }
    }

    #[test]
    fn usage_without_what_the_price_looks_at_is_refused() {
        let percentage = Price::new(Model::Percentage(Percentage::default()), Terms::default()).unwrap();
        let refused = percentage.rate(&Part::whole(&used("1")), Currency::USD, &[]).unwrap_err();
        assert!(refused.to_string().starts_with("events_count: is missing"), "{refused}");
        let most = "99999999999999999999.999999999999999999";
        let price = per_unit(most, terms("- 0.123456789012345678 - -"));
        let refused = price.rate(&Part::whole(&used(most)), Currency::USD, &[]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the amount cannot be computed: the exact result has more than 76 digits"
        );
    }
}
