//! Asking a meter about subjects and customers: whose usage is meant becomes subjects with periods.
//!
//! A customer's usage is that of its subjects at the times at which it pays for them; what nobody pays
//! for is the usage of no customer.

use crate::{Engine, EngineError};
use std::collections::{BTreeMap, BTreeSet};
use usage_domain::customer::{CustomerId, CustomerRef};
use usage_domain::meter::Meter;
use usage_domain::meter::query::{Condition, MeterQuery, MeterQuestion, MeterUsage, Part, Scope};
use usage_domain::time::{Period, Timestamp};

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeterAnswer {
    /// Its rows.
    pub usage: MeterUsage,
    /// What the labels of rows stand for, where each customer has rows of its own; `None` is nobody.
    pub customers: Option<Vec<Option<CustomerId>>>,
}

impl Engine {
    /// Asks a meter.
    ///
    /// # Errors
    /// No such meter or customer, or a question that has no answer.
    pub async fn ask(&self, meter: &Meter, mut question: MeterQuestion) -> Result<MeterAnswer, EngineError> {
        if let Some(condition) = question.customer.take() {
            question.customer = Some(self.by_id(condition).await?);
        }
        let customers = self.set_scope(meter, &mut question).await?;
        let usage = self.store.query(meter.id, question.query).await?;
        Ok(MeterAnswer { usage, customers })
    }

    /// The subjects that a meter has usage of between two moments.
    ///
    /// # Errors
    /// No such meter, or too many subjects for one answer.
    pub async fn metered_subjects(
        &self,
        meter: &Meter,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<Vec<String>, EngineError> {
        let query = MeterQuery { from, to, by_subject: true, ..MeterQuery::total() };
        let rows = self.store.query(meter.id, bounded(meter, query)).await?.rows;
        let subjects: BTreeSet<String> = rows.into_iter().filter_map(|row| row.subject).collect();
        Ok(subjects.into_iter().collect())
    }

    /// The values that a dimension, by its place, has between two moments.
    ///
    /// # Errors
    /// No such meter, or too many values for one answer.
    pub async fn dimension_values(
        &self,
        meter: &Meter,
        place: usize,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<Vec<String>, EngineError> {
        let query = MeterQuery { from, to, group_by: vec![place], ..MeterQuery::total() };
        let rows = self.store.query(meter.id, bounded(meter, query)).await?.rows;
        let values: BTreeSet<String> =
            rows.into_iter().flat_map(|row| row.dimensions.into_iter().flatten()).collect();
        Ok(values.into_iter().collect())
    }

    /// Sets whose usage a question is about; gives what labels stand for.
    async fn set_scope(
        &self,
        meter: &Meter,
        question: &mut MeterQuestion,
    ) -> Result<Option<Vec<Option<CustomerId>>>, EngineError> {
        let of_customers = question.by_customer || question.customer.is_some();
        if question.subject.is_none() && !of_customers {
            return Ok(None);
        }
        let subjects = self.subjects_of(meter, question).await?;
        if !of_customers {
            let whole = |subject| Part { subject, period: Period::ALWAYS, label: None };
            question.query.scope = Scope::Parts(subjects.into_iter().map(whole).collect());
            return Ok(None);
        }
        let payers = self.store.payers(subjects.clone()).await?;
        let passes = |payer: &Option<CustomerId>| {
            let id = payer.map(|id| id.to_string());
            question.customer.as_ref().is_none_or(|condition| condition.passes(&id))
        };
        let mut paid: Vec<(String, Period, Option<CustomerId>)> = Vec::new();
        for (subject, payers) in subjects.into_iter().zip(payers) {
            let times = without_gaps(payers).into_iter().filter(|(_, payer)| passes(payer));
            paid.extend(times.map(|(period, payer)| (subject.clone(), period, payer)));
        }
        let distinct: BTreeSet<Option<CustomerId>> = paid.iter().map(|(_, _, payer)| *payer).collect();
        let labels: BTreeMap<Option<CustomerId>, u32> = distinct.iter().copied().zip(0..).collect();
        let part = |(subject, period, payer): (String, Period, Option<CustomerId>)| {
            let label = labels.get(&payer).copied().filter(|_| question.by_customer);
            Part { subject, period, label }
        };
        question.query.scope = Scope::Parts(paid.into_iter().map(part).collect());
        Ok(question.by_customer.then(|| distinct.into_iter().collect()))
    }

    /// The subjects that may matter to a question, each once.
    async fn subjects_of(&self, meter: &Meter, question: &MeterQuestion) -> Result<Vec<String>, EngineError> {
        let mut subjects: BTreeSet<String> = BTreeSet::new();
        if let Some(named) = question.subject.as_ref().and_then(listed) {
            subjects.extend(named.into_iter().map(str::to_string));
        } else if let Some(ids) = question.customer.as_ref().and_then(listed) {
            for id in ids.into_iter().filter_map(|id| id.parse().ok()) {
                let paid = self.store.paid_subjects(id).await?;
                subjects.extend(paid.into_iter().map(|paid| paid.subject));
            }
        } else {
            let query = &question.query;
            // A level may stand where nothing changes, and be nothing over all dimensions together: whoever
            // ever had usage may matter.
            let from = query.from.filter(|_| !meter.draft.aggregation.is_level());
            subjects.extend(self.metered_subjects(meter, from, query.to).await?);
        }
        if let Some(condition) = &question.subject {
            subjects.retain(|subject| condition.passes(&Some(subject.clone())));
        }
        Ok(subjects.into_iter().collect())
    }

    /// The same condition with ids for names.
    async fn by_id(&self, mut condition: Condition) -> Result<Condition, EngineError> {
        let mut names = BTreeSet::new();
        each_value(&mut condition, &mut |value| {
            names.extend(value.clone());
            value
        });
        let mut ids = BTreeMap::new();
        for name in names {
            // What no customer can be called is called by none.
            let reference = name.parse().unwrap_or_else(|_| CustomerRef::Any(name.clone()));
            ids.insert(name, self.customer(&reference).await?.id.to_string());
        }
        each_value(&mut condition, &mut |value| value.and_then(|name| ids.get(&name).cloned()));
        Ok(condition)
    }
}

/// A question about a level is one about a time; where none is given, it is about all of it.
fn bounded(meter: &Meter, query: MeterQuery) -> MeterQuery {
    if !meter.draft.aggregation.is_level() {
        return query;
    }
    let (from, to) = (query.from.unwrap_or(Timestamp::MIN), query.to.unwrap_or(Timestamp::MAX));
    MeterQuery { from: Some(from), to: Some(to), ..query }
}

/// Who pays at all times, `None` where nobody does.
fn without_gaps(payers: Vec<(Period, CustomerId)>) -> Vec<(Period, Option<CustomerId>)> {
    let mut all = Vec::with_capacity(2 * payers.len() + 1);
    let mut from = Timestamp::MIN;
    for (period, payer) in payers {
        if from < period.start {
            all.push((Period { start: from, end: period.start }, None));
        }
        from = period.end;
        all.push((period, Some(payer)));
    }
    if from < Timestamp::MAX {
        all.push((Period { start: from, end: Timestamp::MAX }, None));
    }
    all
}

/// The only values that can pass, where they are listed.
fn listed(condition: &Condition) -> Option<BTreeSet<&str>> {
    match condition {
        Condition::In(values) => values.iter().map(Option::as_deref).collect(),
        Condition::All(all) => all.iter().find_map(listed),
        Condition::Any(any) => any.iter().map(listed).try_fold(BTreeSet::new(), |all, some| {
            let mut all = all;
            all.extend(some?);
            Some(all)
        }),
        _ => None,
    }
}

/// Changes each value that a condition compares with as a whole.
fn each_value(condition: &mut Condition, change: &mut impl FnMut(Option<String>) -> Option<String>) {
    match condition {
        Condition::In(values) | Condition::NotIn(values) => {
            *values = std::mem::take(values).into_iter().map(&mut *change).collect();
        }
        Condition::All(some) | Condition::Any(some) => {
            some.iter_mut().for_each(|each| each_value(each, change));
        }
        Condition::Not(not) => each_value(not, change),
        Condition::Contains(_) | Condition::Exists | Condition::Missing => {}
    }
}
