//! Explaining a line of a bill: the events behind it, what they add up to, and how that became an amount.

use super::adjust::billed;
use super::measured::questions;
use super::recount::{Evidence, is_asked_for};
use super::steps;
use crate::{Engine, EngineError};
use std::collections::BTreeMap;
use usage_api::bill::{Bill as Paper, ExplainedEvent, Explanation, Line};
use usage_domain::bill::{Bill, Inputs};
use usage_domain::customer::{CustomerRef, PaidSubject};
use usage_domain::decimal::{Decimal, DecimalError};
use usage_domain::event::StoredEvent;
use usage_domain::meter::Meter;
use usage_domain::meter::value::MeterValue;
use usage_domain::money::Money;
use usage_domain::plan::Item;
use usage_domain::position::Position;
use usage_domain::pricing::Price;
use usage_domain::subscription::Segment;
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
        let currency = &made.paper.currency;
        let broken = |error: DecimalError| EngineError::broken("bill", name, error);
        let adjusts = line.adjusts.as_ref();
        let (mut steps, (events, total_events)) = match adjusts.map(|of| (of, of.bill.as_deref())) {
            // What it is of is a line of another bill, as that is at this one's position.
            Some((of, Some(number))) => {
                let (bill, paper) = self.numbered(number).await?;
                let original = self.made(&bill).await?;
                let found = self.events_behind(&original.at(&until), &of.line, limit).await?;
                let changed = self.changed(&made, &line, (original, paper), &until).await?;
                (steps::changed(&line, &changed, currency), found)
            }
            // There is no bill that says what was agreed then.
            Some((of, None)) => {
                let mut steps = vec![format!("usage of {}, which had no bill, came late", of.month)];
                steps.extend(steps::amount(&line, &made.paper.lines, None, currency).map_err(broken)?);
                (steps, (Vec::new(), line.events))
            }
            None => {
                let price = made.inputs.segments.iter().find_map(|segment| price_of(segment, &line.key));
                let steps = steps::amount(&line, &made.paper.lines, price, currency).map_err(broken)?;
                (steps, self.events_behind(&made.at(&until), &line.key, limit).await?)
            }
        };
        steps.extend(steps::owed(&line, currency));
        let bill = made.paper.id.unwrap_or_default();
        Ok(Explanation { bill, position: made.paper.position, line, steps, events, total_events })
    }

    /// The oldest events behind a line, and how many there are in all.
    async fn events_behind(
        &self,
        evidence: &Evidence<'_>,
        line: &str,
        limit: usize,
    ) -> Result<(Vec<ExplainedEvent>, u64), EngineError> {
        let limit = limit.min(MAX_EVENTS);
        let service = line.strip_prefix("charges/");
        let questions = questions(evidence.inputs, evidence.subjects, evidence.meters)?;
        let question = questions.iter().find(|question| {
            let segment = &evidence.inputs.segments[question.segment];
            item_key(segment, &segment.items[question.item].key) == line
        });
        if service.is_none() && question.is_none() {
            return Ok((Vec::new(), 0));
        }
        let (set, mut found, mut total_events) = (evidence.set(), Vec::new(), 0);
        self.each_effective(evidence, |stored| {
            let charge = || match measure(stored.event.borrowed()) {
                usage_store::Measured::Charge(charge) if Some(&*charge.group.service) == service => {
                    Some(charge.amount.to_string())
                }
                _ => None,
            };
            let value = match question {
                None => charge().filter(|_| evidence.inputs.period.contains(stored.event.time)),
                Some(question) => {
                    meter(stored.event.borrowed(), &set).into_iter().find_map(|(meter, measured)| {
                        let measured = measured.ok().filter(|_| meter.draft.key == question.meter)?;
                        is_asked_for(question, stored, &measured).then(|| shown(&measured.value))
                    })
                }
            };
            if let Some(value) = value {
                total_events += 1;
                found.push((stored.event.time, explained(stored, value)));
                if found.len() > 2 * MAX_EVENTS {
                    keep_oldest(&mut found, limit);
                }
            }
            Ok(())
        })
        .await?;
        keep_oldest(&mut found, limit);
        Ok((found.into_iter().map(|(_, event)| event).collect(), total_events))
    }

    /// The id of a finalized bill, and the bill.
    async fn numbered(&self, number: &str) -> Result<(String, Paper), EngineError> {
        let paper = self.finalized_bill(number).await?;
        Ok((paper.id.clone().unwrap_or_default(), paper))
    }

    /// What the line of an earlier bill comes to at a position, and what was billed for it before the bill
    /// that adjusts it.
    async fn changed(
        &self,
        by: &Made,
        line: &Line,
        (original, paper): (Made, Paper),
        until: &Position,
    ) -> Result<Changed, EngineError> {
        let Some(of) = &line.adjusts else { return Err(EngineError::missing("line", &line.key)) };
        let number = paper.number.clone().unwrap_or_default();
        let broken = |error: DecimalError| EngineError::broken("bill", &number, error);
        let (customer, currency) = (by.inputs.customer.id, by.inputs.customer.currency);
        let mut papers = Vec::new();
        let history = self.records_of(customer).await?.history;
        for (month, past) in history.months().filter(|(month, _)| *month < by.inputs.month) {
            papers.push((month, self.paper(&past.id).await?));
        }
        let mut notes = self.credit_notes(customer).await?;
        if let Some(at) = &by.paper.finalized_at {
            notes.retain(|note| moment(&note.created_at) < moment(at));
        }
        let billed = billed(original.inputs.month, &paper, &papers, &notes)?;
        let before = billed.get(&of.line).map_or(Decimal::ZERO, |(_, billed)| billed.amount);
        let after = before.add(line.amount.parse().map_err(broken)?).map_err(broken)?;
        let figure = |amount| Money { amount, currency }.figure();
        let inputs = Inputs { adjustments: Vec::new(), credits: Vec::new(), ..original.inputs.clone() };
        let evidence = Evidence { inputs: &inputs, ..original.at(until) };
        let anew = Paper::open(&Bill::rate(&inputs, self.recount(&evidence).await?)?)?;
        let found = anew.lines.iter().find(|other| other.key == of.line);
        let price = inputs.segments.iter().find_map(|segment| price_of(segment, &of.line));
        let steps = found.map(|found| steps::amount(found, &anew.lines, price, &anew.currency));
        Ok(Changed {
            month: of.month.clone(),
            bill: number.clone(),
            name: found.map_or_else(|| line.service.clone(), |found| found.service.clone()),
            before: figure(before),
            after: figure(after),
            anew: steps.transpose().map_err(broken)?.unwrap_or_default(),
        })
    }
}

impl Made {
    /// What proves it, at a position.
    fn at<'a>(&'a self, until: &'a Position) -> Evidence<'a> {
        Evidence { inputs: &self.inputs, subjects: &self.subjects, meters: &self.meters, until }
    }
}

/// What a line of an earlier bill changed by.
pub(super) struct Changed {
    /// The month of that bill.
    pub(super) month: String,
    /// Its number.
    pub(super) bill: String,
    /// What the line says.
    pub(super) name: String,
    /// What was billed for it before.
    pub(super) before: String,
    /// What it comes to.
    pub(super) after: String,
    /// How it comes to that, step by step; nothing where it is no more.
    pub(super) anew: Vec<String>,
}

fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// The key of an item's line.
fn item_key(segment: &Segment, item: &str) -> String {
    format!("{}/{item}", segment.subscription)
}

/// The price of the item whose line has this key.
fn price_of<'a>(segment: &'a Segment, line: &str) -> Option<&'a Price> {
    segment.items.iter().find(|item| item_key(segment, &item.key) == line).map(Item::price)
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
