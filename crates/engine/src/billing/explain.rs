//! Explaining a line of a bill: the events behind it, what they add up to, and how that became an amount.

use super::measured::questions;
use super::recount::{Evidence, is_asked_for};
use crate::{Engine, EngineError};
use std::collections::BTreeMap;
use usage_api::bill::{Bill as Paper, ExplainedEvent, Explanation, Line};
use usage_domain::bill::Inputs;
use usage_domain::customer::{CustomerRef, PaidSubject};
use usage_domain::event::StoredEvent;
use usage_domain::meter::Meter;
use usage_domain::meter::value::MeterValue;
use usage_domain::position::Position;
use usage_domain::time::{Month, Timestamp};
use usage_store::{measure, meter};

/// The most events of an explanation.
const MAX_EVENTS: usize = 10_000;

/// What a bill, open or finalized, was made from.
struct Made {
    paper: Paper,
    inputs: Inputs,
    subjects: Vec<PaidSubject>,
    meters: BTreeMap<String, Meter>,
}

impl Engine {
    /// Explains a line, by its key or its name, of a customer's month.
    ///
    /// # Errors
    /// No such customer, or no such line.
    pub async fn explain(
        &self,
        name: &CustomerRef,
        month: Option<Month>,
        line: &str,
        limit: usize,
        now: Timestamp,
    ) -> Result<Explanation, EngineError> {
        let customer = self.customer(name).await?;
        let month = month.unwrap_or_else(|| now.month(&customer.zone));
        let past = self.records_of(customer.id).await?.history.bill(month).cloned();
        let made = match past {
            Some(past) => self.made(&past.id).await?,
            None => {
                let rated = self.rated(&customer, month, &self.shared_catalog().await?).await?;
                let (paper, agreed) = (Paper::open(&rated.bill)?, rated.agreed);
                Made { paper, inputs: agreed.inputs, subjects: agreed.subjects, meters: agreed.meters }
            }
        };
        self.explained(made, line, limit).await
    }

    /// Explains a line of a finalized bill.
    ///
    /// # Errors
    /// No such bill, or no such line.
    pub async fn explain_finalized(
        &self,
        bill: &str,
        line: &str,
        limit: usize,
    ) -> Result<Explanation, EngineError> {
        let paper = self.finalized_bill(bill).await?;
        let made = self.made(paper.id.as_deref().unwrap_or_default()).await?;
        self.explained(made, line, limit).await
    }

    async fn made(&self, id: &str) -> Result<Made, EngineError> {
        let (paper, kept) = (self.paper(id).await?, self.inputs_of(id).await?);
        let meters = kept.meters.into_iter().map(|meter| (meter.draft.key.clone(), meter)).collect();
        Ok(Made { paper, inputs: kept.inputs, subjects: kept.subjects, meters })
    }

    async fn explained(&self, made: Made, name: &str, limit: usize) -> Result<Explanation, EngineError> {
        let named = |line: &&Line| line.key == name || line.service == name;
        let line = made.paper.lines.iter().find(named).cloned();
        let line = line.ok_or_else(|| EngineError::missing("line", name))?;
        let until: Position =
            made.paper.position.parse().map_err(|error| EngineError::broken("bill", name, error))?;
        let evidence =
            Evidence { inputs: &made.inputs, subjects: &made.subjects, meters: &made.meters, until: &until };
        let limit = limit.min(MAX_EVENTS);
        let (mut events, mut total_events) = (Vec::new(), 0);
        if line.kind == "charges" || line.kind == "usage" {
            let questions = questions(&made.inputs, &made.subjects, &made.meters)?;
            let question = questions.iter().find(|question| {
                let segment = &made.inputs.segments[question.segment];
                format!("{}/{}", segment.subscription, segment.items[question.item].key) == line.key
            });
            let set = evidence.set();
            self.each_effective(&evidence, |stored| {
                let charge = || match measure(stored.event.borrowed()) {
                    usage_store::Measured::Charge(charge)
                        if line.key == format!("charges/{}", charge.group.service) =>
                    {
                        Some(charge.amount.to_string())
                    }
                    _ => None,
                };
                let value = match question {
                    None => charge().filter(|_| made.inputs.period.contains(stored.event.time)),
                    Some(question) => {
                        meter(stored.event.borrowed(), &set).into_iter().find_map(|(meter, measured)| {
                            let measured = measured.ok().filter(|_| meter.draft.key == question.meter)?;
                            is_asked_for(question, stored, &measured).then(|| shown(&measured.value))
                        })
                    }
                };
                if let Some(value) = value {
                    total_events += 1;
                    events.push((stored.event.time, explained(stored, value)));
                    if events.len() > 2 * MAX_EVENTS {
                        keep_oldest(&mut events, limit);
                    }
                }
                Ok(())
            })
            .await?;
        }
        keep_oldest(&mut events, limit);
        let steps = steps(&line, &made.paper.currency);
        Ok(Explanation {
            bill: made.paper.id.unwrap_or_default(),
            position: made.paper.position,
            line,
            steps,
            events: events.into_iter().map(|(_, event)| event).collect(),
            total_events,
        })
    }
}

/// The oldest events, in their order; at most so many.
fn keep_oldest(events: &mut Vec<(Timestamp, ExplainedEvent)>, limit: usize) {
    events.sort_by(|(at, a), (then, b)| (at, &a.source, &a.id).cmp(&(then, &b.source, &b.id)));
    events.truncate(limit);
}

fn explained(stored: &StoredEvent, value: String) -> ExplainedEvent {
    let event = &stored.event;
    ExplainedEvent {
        time: event.time.to_string(),
        source: event.source.clone(),
        id: event.id.clone(),
        subject: event.subject.clone(),
        value,
    }
}

fn shown(value: &MeterValue) -> String {
    match value {
        MeterValue::Nothing => "1".to_string(),
        MeterValue::Number(value) => value.to_string(),
        MeterValue::Text(text) => text.clone(),
    }
}

/// From quantity to what is owed, step by step.
fn steps(line: &Line, currency: &str) -> Vec<String> {
    let mut steps = Vec::new();
    if let Some(quantity) = &line.quantity {
        let unit = line.unit.as_deref().unwrap_or("units");
        steps.push(format!("{} events come to {quantity} {unit}", line.events));
    }
    if let Some(share) = line.plan.as_ref().and_then(|plan| plan.share.as_ref()) {
        steps.push(format!("fees, minimum and maximum are for {share} of the month"));
    }
    for part in &line.rating {
        let of = match (&part.tier, &part.values) {
            (Some(tier), _) => format!("tier {}: ", tier + 1),
            (None, Some(values)) => {
                let named: Vec<String> =
                    values.iter().map(|(name, value)| format!("{name}={value}")).collect();
                format!("{}: ", named.join(", "))
            }
            (None, None) => String::new(),
        };
        let price = match (&part.unit_amount, &part.rate) {
            (Some(unit), _) => format!(" × {unit}"),
            (None, Some(rate)) => format!(" × {rate}"),
            (None, None) => String::new(),
        };
        let flat = part.flat_amount.as_ref().filter(|_| part.category == "usage").filter(|flat| *flat != "0");
        let flat = flat.map(|flat| format!(" + {flat}")).unwrap_or_default();
        steps.push(match part.category.as_str() {
            "flat" => format!("{of}fee = {}", part.amount),
            "minimum_spend" => format!("to the minimum: {}", part.amount),
            "event_limits" => format!("bounds per event: {}", part.amount),
            _ => format!("{of}{}{price}{flat} = {}", part.quantity, part.amount),
        });
        if let Some(off) = &part.discount_amount {
            steps.push(format!("{of}less {off} by discount and maximum = {}", part.total));
        }
    }
    steps.push(format!(
        "exactly {}; rounded once, half away from zero: {} {currency}",
        line.exact_amount, line.amount
    ));
    let less = |what: &str, amount: &Option<String>| {
        amount.as_ref().map(|amount| format!("less {amount} by {what}"))
    };
    steps.extend(less("coupons", &line.discount_amount));
    steps.extend(less("credits", &line.credit_amount));
    for tax in &line.taxes {
        let how = if tax.inclusive { "in it" } else { "added" };
        steps.push(format!("tax {} {how}: {}", tax.tax, tax.amount));
    }
    steps.extend(less("credits with taxes in them", &line.settled_amount));
    if line.total != line.amount {
        steps.push(format!("owed: {} {currency}", line.total));
    }
    steps
}
