//! Bills of the model: a recount of everything, for every question.

use super::Model;
use super::log::{Known, same};
use super::sent::{Group, Measure, minor_digits};
use crate::figure::Figure;
use std::collections::BTreeMap;
use usage_domain::bill::{Bill, Line, Source};
use usage_domain::customer::Customer;
use usage_domain::time::{Month, Period};

/// What charges of a group add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sum {
    pub(crate) events: u64,
    pub(crate) quantity: Figure,
    pub(crate) amount: Figure,
}

impl Sum {
    fn add(&mut self, other: Sum) {
        self.events += other.events;
        self.quantity = self.quantity.plus(other.quantity);
        self.amount = self.amount.plus(other.amount);
    }
}

impl Model {
    /// What a customer used in a period.
    pub(crate) fn usage(&self, customer: &Customer, period: Period) -> BTreeMap<Group, Sum> {
        let mut sums: BTreeMap<Group, Sum> = BTreeMap::new();
        for known in self.log.events() {
            let Measure::Charge { group, quantity, amount } = &known.counts else { continue };
            if self.is_used_by(customer, period, known) {
                let one = Sum { events: 1, quantity: *quantity, amount: *amount };
                sums.entry(group.clone()).or_default().add(one);
            }
        }
        sums
    }

    fn is_used_by(&self, customer: &Customer, period: Period, known: &Known) -> bool {
        let event = &known.sent.event;
        let mut payments = self.catalog.payments(customer.number);
        let within = period.start <= event.time && event.time < period.end;
        within && payments.any(|payment| payment.covers(&event.subject, event.time))
    }

    /// The rounded total of a customer's month, and how often a charge came or went there.
    pub(crate) fn total(&self, customer: &Customer, month: Month) -> (Figure, u64) {
        let period = month.period(&customer.zone);
        let sums = self.usage(customer, period);
        let used = self.log.events().iter().filter(|known| self.is_used_by(customer, period, known));
        let changes = used.map(|known| known.changes).sum();
        let lines = by_service(customer, &sums);
        let round = |groups: &BTreeMap<&Group, Sum>| rounded(customer, total(groups).amount);
        (lines.values().map(round).fold(Figure::default(), Figure::plus), changes)
    }

    /// Compares a bill with a recount.
    pub(crate) fn check_bill(&self, bill: &Bill) -> Result<(), String> {
        let customer = self.catalog.by_id(bill.customer.id).ok_or("the bill is of nobody")?;
        same("the customer of a bill", &bill.customer, customer)?;
        same("the period of a bill", &bill.period, &bill.month.period(&customer.zone))?;
        same("the position of a bill", &bill.position.events(), &self.log.count())?;
        let sums = self.usage(customer, bill.period);
        let lines = by_service(customer, &sums);
        let services: Vec<_> = bill.lines.iter().map(|line| line.name.as_str()).collect();
        same("the lines of a bill", &services, &lines.keys().copied().collect())?;
        let (mut amounts, mut exact) = (Figure::default(), Figure::default());
        for (line, groups) in bill.lines.iter().zip(lines.values()) {
            check_line(customer, line, groups).map_err(|what| format!("{}: {what}", line.name))?;
            exact = exact.plus(total(groups).amount);
            amounts = amounts.plus(rounded(customer, total(groups).amount));
        }
        same("the total", &Figure::of(bill.total.amount), &Some(amounts))?;
        same("the exact total", &bill.exact.as_decimal().and_then(Figure::of), &Some(exact))?;
        same("the currency", &bill.total.currency, &customer.currency)?;
        let mut others: BTreeMap<&str, Sum> = BTreeMap::new();
        for (group, sum) in &sums {
            if let Some(code) = group.currency.as_deref().filter(|code| *code != customer.currency.code()) {
                others.entry(code).or_default().add(*sum);
            }
        }
        let should: Vec<_> = others.iter().map(|(code, sum)| (*code, Some(sum.amount), sum.events)).collect();
        let is = bill.other_currencies.iter();
        let is: Vec<_> =
            is.map(|o| (o.exact.currency.code(), Figure::of(o.exact.amount), o.events)).collect();
        same("other currencies", &is, &should)
    }

    /// Subjects with usage at times when nobody pays for it: charges, and of each type of events what the meter
    /// that counts most of them counts.
    pub(crate) fn unpaid(&self) -> Vec<(String, u64)> {
        let mut unpaid: BTreeMap<String, u64> = BTreeMap::new();
        let mut most: BTreeMap<(String, &str), u64> = BTreeMap::new();
        for meter in self.catalog.meters.live() {
            for (subject, events) in self.unpaid_of(meter) {
                let most = most.entry((subject, meter.draft.event_type.as_str())).or_default();
                *most = events.max(*most);
            }
        }
        for ((subject, _), events) in most {
            *unpaid.entry(subject).or_default() += events;
        }
        for known in self.log.events() {
            let event = &known.sent.event;
            if known.counts.is_charge() && self.catalog.payer(&event.subject, event.time).is_none() {
                *unpaid.entry(event.subject.clone()).or_default() += 1;
            }
        }
        unpaid.into_iter().collect()
    }
}

fn rounded(customer: &Customer, amount: Figure) -> Figure {
    amount.rounded(minor_digits(customer.currency.code()).unwrap_or(2))
}

fn total(groups: &BTreeMap<&Group, Sum>) -> Sum {
    let mut sum = Sum::default();
    for more in groups.values() {
        sum.add(*more);
    }
    sum
}

/// The groups in the customer's currency, by service.
fn by_service<'a>(
    customer: &Customer,
    sums: &'a BTreeMap<Group, Sum>,
) -> BTreeMap<&'a str, BTreeMap<&'a Group, Sum>> {
    let mut lines: BTreeMap<&str, BTreeMap<&Group, Sum>> = BTreeMap::new();
    for (group, sum) in sums {
        if group.currency.as_deref().is_none_or(|code| code == customer.currency.code()) {
            lines.entry(&group.service).or_default().insert(group, *sum);
        }
    }
    lines
}

fn check_line(customer: &Customer, line: &Line, groups: &BTreeMap<&Group, Sum>) -> Result<(), String> {
    let sum = total(groups);
    same("the number of charges", &line.events, &sum.events)?;
    same("the exact amount", &line.exact.as_decimal().and_then(Figure::of), &Some(sum.amount))?;
    same("the amount", &Figure::of(line.amount), &Some(rounded(customer, sum.amount)))?;
    let Source::Charges { details: parts } = &line.source else { return Err("is not of charges".into()) };
    let mut details = BTreeMap::new();
    for (group, totals) in parts {
        let figures = Figure::of(totals.quantity).zip(Figure::of(totals.amount));
        let (group, (quantity, amount)) =
            Group::of(group).zip(figures).ok_or("a figure is beyond all that was sent")?;
        let events = u64::try_from(totals.events).map_err(|_| "a group counts fewer than no charges")?;
        if totals.changes < events {
            return Err(format!("{events} charges came in {} changes", totals.changes));
        }
        if details.insert(group, Sum { events, quantity, amount }).is_some() {
            return Err("a group stands there twice".to_string());
        }
    }
    same("the details", &details, &groups.iter().map(|(group, sum)| ((*group).clone(), *sum)).collect())?;
    let first = groups.keys().next();
    let one_unit = groups.keys().all(|g| g.has_quantity && Some(&g.unit) == first.map(|f| &f.unit));
    let one_price = one_unit && groups.keys().all(|g| Some(g.unit_price) == first.map(|f| f.unit_price));
    let quantity = one_unit.then_some(sum.quantity);
    same(
        "the quantity",
        &line.quantity.and_then(|quantity| quantity.as_decimal()).and_then(Figure::of),
        &quantity,
    )?;
    same("the unit", &line.unit, &first.filter(|_| one_unit).and_then(|group| group.unit.clone()))?;
    let price = first.filter(|_| one_price).and_then(|group| group.unit_price);
    same("the unit price", &line.unit_price.and_then(Figure::of), &price)
}
