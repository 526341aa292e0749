//! From a bill to its form on the wire.

use super::{
    Adjusts, Bill, BilledCustomer, BilledTax, Detail, Discount, DrawnCredit, Line, LineTax, OtherCurrency,
    PlanLine,
};
use crate::figure::text;
use crate::price::rated_line;
use usage_domain::bill::{self, BillError, ItemSource, Source};
use usage_domain::charge::ChargeGroup;
use usage_domain::currency::Currency;
use usage_domain::customer::Customer;
use usage_domain::decimal::{Decimal, DecimalError};
use usage_domain::money::Money;
use usage_domain::ratio::Ratio;
use usage_domain::usage::Totals;

impl Bill {
    /// An open bill.
    ///
    /// # Errors
    /// A figure without an end that is too large to be written with 18 digits after the point.
    pub fn open(bill: &bill::Bill) -> Result<Bill, BillError> {
        Bill::written(bill).map_err(|reason| BillError {
            customer: bill.customer.number,
            month: bill.month,
            reason: reason.into(),
        })
    }

    fn written(bill: &bill::Bill) -> Result<Bill, DecimalError> {
        let customer = &bill.customer;
        let own = customer.currency;
        Ok(Bill {
            customer: BilledCustomer::from(customer),
            month: bill.month.to_string(),
            from: bill.period.start.to_string(),
            to: bill.period.end.to_string(),
            time_zone: customer.zone.name().to_string(),
            status: "open".to_string(),
            id: Some(format!("{}-{}", customer.id, bill.month)),
            number: None,
            finalized_at: None,
            paid_at: None,
            voided_at: None,
            currency: own.to_string(),
            lines: bill.lines.iter().map(|one| line(one, own)).collect::<Result<_, _>>()?,
            subtotal: bill.subtotal.figure(),
            discounts: bill.discounts.iter().map(|one| discount(one, own)).collect(),
            credits: bill.credits.iter().map(|one| credit(one, own)).collect(),
            taxes: bill.taxes.iter().map(|one| tax(one, own)).collect(),
            total: bill.total.figure(),
            exact_total: text(bill.exact)?,
            total_formatted: bill.total.to_string(),
            other_currencies: bill.other_currencies.iter().map(other).collect(),
            position: bill.position.to_string(),
        })
    }
}

impl From<&Customer> for BilledCustomer {
    fn from(customer: &Customer) -> BilledCustomer {
        BilledCustomer {
            id: customer.id.to_string(),
            number: customer.number,
            key: customer.key.clone(),
            name: customer.name.clone(),
        }
    }
}

fn line(line: &bill::Line, own: Currency) -> Result<Line, DecimalError> {
    let any = |amount: Decimal| (!amount.is_zero()).then(|| figure(amount, own));
    let made = Line {
        key: line.key.clone(),
        kind: kind(&line.source).to_string(),
        service: line.name.clone(),
        from: line.period.start.to_string(),
        to: line.period.end.to_string(),
        plan: None,
        adjusts: None,
        quantity: line.quantity.map(text).transpose()?,
        unit: line.unit.clone(),
        unit_price: line.unit_price.map(|price| price.to_string()),
        events: line.events,
        exact_amount: text(line.exact)?,
        amount: figure(line.amount, own),
        discount_amount: any(line.discount),
        credit_amount: any(line.credit),
        settled_amount: any(line.settled),
        taxes: line.taxes.iter().map(|one| line_tax(one, own)).collect(),
        total: figure(line.total, own),
        rating: Vec::new(),
        details: Vec::new(),
    };
    Ok(match &line.source {
        Source::Charges { details } => Line { details: details.iter().map(detail).collect(), ..made },
        Source::Item(item) => Line {
            plan: Some(plan_line(item)?),
            rating: item.rating.iter().map(|part| rated_line(part, &item.price)).collect::<Result<_, _>>()?,
            details: item.details.iter().map(|detail| usage_detail(item, detail)).collect(),
            ..made
        },
        Source::Minimum { subscription, plan, version, minimum } => {
            let (subscription, plan) = (subscription.to_string(), plan.clone());
            let minimum_amount = Some(text(*minimum)?);
            let (item, meter, share) = (None, None, None);
            let plan = PlanLine { subscription, plan, version: *version, item, meter, share, minimum_amount };
            Line { plan: Some(plan), ..made }
        }
        Source::Adjustment { month, bill, line } => {
            let adjusts = Adjusts { month: month.to_string(), bill: bill.clone(), line: line.clone() };
            Line { adjusts: Some(adjusts), ..made }
        }
    })
}

fn kind(source: &Source) -> &'static str {
    match source {
        Source::Charges { .. } => "charges",
        Source::Item(item) if item.meter.is_some() => "usage",
        Source::Item(_) => "fee",
        Source::Minimum { .. } => "minimum",
        Source::Adjustment { .. } => "adjustment",
    }
}

fn plan_line(item: &ItemSource) -> Result<PlanLine, DecimalError> {
    let share = Some(item.share).filter(|share| *share != Ratio::ONE);
    let share = share.map(|share| {
        let (part, whole) = share.fraction()?;
        Ok::<_, DecimalError>(format!("{part}/{whole}"))
    });
    Ok(PlanLine {
        subscription: item.subscription.to_string(),
        plan: item.plan.clone(),
        version: item.version,
        item: Some(item.item.clone()),
        meter: item.meter.clone(),
        share: share.transpose()?,
        minimum_amount: None,
    })
}

fn detail((group, totals): &(ChargeGroup, Totals)) -> Detail {
    Detail {
        description: group.description.clone(),
        values: None,
        quantity: group.has_quantity.then(|| totals.quantity.to_string()),
        unit: group.unit.clone(),
        unit_price: group.unit_price.map(|price| price.to_string()),
        events: totals.events.unsigned_abs(),
        exact_amount: Some(totals.amount.to_string()),
    }
}

fn usage_detail(item: &ItemSource, detail: &bill::Detail) -> Detail {
    Detail {
        description: None,
        values: Some(item.dimensions.iter().cloned().zip(detail.values.iter().cloned()).collect()),
        quantity: Some(detail.quantity.to_string()),
        unit: None,
        unit_price: None,
        events: detail.events,
        exact_amount: None,
    }
}

fn discount(discount: &bill::Discount, own: Currency) -> Discount {
    let (coupon, name) = (discount.coupon.clone(), discount.name.clone());
    Discount { coupon, name, amount: figure(discount.amount, own) }
}

fn credit(drawn: &bill::Drawn, own: Currency) -> DrawnCredit {
    let (grant, name) = (drawn.grant.to_string(), drawn.name.clone());
    DrawnCredit { grant, name, amount: figure(drawn.amount, own), after_taxes: drawn.after_taxes }
}

fn tax(total: &bill::TaxTotal, own: Currency) -> BilledTax {
    BilledTax {
        tax: total.tax.clone(),
        name: total.name.clone(),
        rate: total.rate.to_string(),
        inclusive: total.inclusive,
        base_amount: figure(total.base, own),
        amount: figure(total.amount, own),
    }
}

fn line_tax(tax: &bill::LineTax, own: Currency) -> LineTax {
    LineTax { tax: tax.tax.clone(), amount: figure(tax.amount, own), inclusive: tax.inclusive }
}

fn other(other: &bill::OtherCurrency) -> OtherCurrency {
    OtherCurrency {
        currency: other.exact.currency.to_string(),
        exact_amount: other.exact.amount.to_string(),
        events: other.events,
    }
}

/// A figure with the decimals of its currency.
fn figure(amount: Decimal, currency: Currency) -> String {
    Money { amount, currency }.figure()
}
