//! The usage of a month from the log alone: every event of the customer's subjects as it counts at a
//! position, after voids and amendments.
//!
//! Owns what proves a bill, and what explains one. It asks no roll-up, and no meter of today: meters are
//! those that the bill was made with.

use super::measured::{Question, looks_at_events, measured, questions};
use crate::{Engine, EngineError};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use usage_domain::bill::{Inputs, Measured};
use usage_domain::charge::ChargeGroup;
use usage_domain::customer::PaidSubject;
use usage_domain::decimal::Decimal;
use usage_domain::event::{AMEND_TYPE, StoredEvent, VOID_TYPE};
use usage_domain::meter::Meter;
use usage_domain::meter::aggregate::{Order, Sign};
use usage_domain::meter::collect::{Collector, Origin};
use usage_domain::meter::value::{Measurement, MeterValue};
use usage_domain::plan::ItemKind;
use usage_domain::position::Position;
use usage_domain::time::{Period, Timestamp};
use usage_domain::usage::Totals;
use usage_store::{Condition, EventFilter, MeterSet, TextField, TextTest, correction, measure, meter};

/// Events of one page of the log.
const PAGE: usize = 10_000;

/// What a bill is proven from.
pub(crate) struct Evidence<'a> {
    pub(crate) inputs: &'a Inputs,
    pub(crate) subjects: &'a [PaidSubject],
    pub(crate) meters: &'a BTreeMap<String, Meter>,
    /// The position of the log that the bill is of.
    pub(crate) until: &'a Position,
}

impl Evidence<'_> {
    /// The meters of its items.
    pub(crate) fn set(&self) -> MeterSet {
        MeterSet::new(self.meters.values().cloned().map(Arc::new))
    }

    /// Since when events matter: a level is what all changes before came to.
    fn reach(&self) -> Period {
        let level = self.meters.values().any(|meter| meter.draft.aggregation.is_level());
        let start = if level { Timestamp::MIN } else { self.inputs.period.start };
        Period { start, end: self.inputs.period.end }
    }
}

impl Engine {
    /// What was used in a month, counted anew.
    pub(crate) async fn recount(&self, of: &Evidence<'_>) -> Result<Measured, EngineError> {
        let questions = questions(of.inputs, of.subjects, of.meters)?;
        let mut answers = Vec::with_capacity(questions.len());
        for question in &questions {
            answers.push(Answer::new(question, of)?);
        }
        let mut charges: BTreeMap<ChargeGroup, Totals> = BTreeMap::new();
        let (set, mut singles) = (of.set(), Singles::of(of.inputs));
        self.each_effective(of, |stored| {
            if let usage_store::Measured::Charge(charge) = measure(stored.event.borrowed())
                && of.inputs.period.contains(stored.event.time)
            {
                let totals = charges.entry(charge.group.clone()).or_default();
                let fits = totals.merge(&Totals::of(&charge, Sign::Added));
                fits.map_err(|error| EngineError::broken("usage", &stored.event.subject, error))?;
            }
            for (meter, measured) in meter(stored.event.borrowed(), &set) {
                let Ok(measured) = measured else { continue };
                for answer in answers.iter_mut().filter(|answer| answer.question.meter == meter.draft.key) {
                    answer.event(stored, &measured)?;
                }
                singles.event(stored, &meter.draft.key, &measured, &questions);
            }
            Ok(())
        })
        .await?;
        let mut rows = Vec::with_capacity(answers.len());
        for answer in answers {
            rows.push((answer.question.clone(), answer.collector.finish().map_err(EngineError::query)?));
        }
        let singles = singles.in_order();
        measured(of.inputs, of.meters, of.until.clone(), charges.into_iter().collect(), rows, singles)
    }

    /// The values of single events, for items whose price looks at them.
    pub(crate) async fn singles(
        &self,
        of: &Evidence<'_>,
    ) -> Result<BTreeMap<(usize, usize), Vec<Decimal>>, EngineError> {
        let mut singles = Singles::of(of.inputs);
        if singles.values.is_empty() {
            return Ok(BTreeMap::new());
        }
        let (set, questions) = (of.set(), questions(of.inputs, of.subjects, of.meters)?);
        self.each_effective(of, |stored| {
            for (meter, measured) in meter(stored.event.borrowed(), &set) {
                if let Ok(measured) = measured {
                    singles.event(stored, &meter.draft.key, &measured, &questions);
                }
            }
            Ok(())
        })
        .await?;
        Ok(singles.in_order())
    }

    /// Hands in each event of the subjects at the times when the customer pays for them, as it counts.
    pub(crate) async fn each_effective(
        &self,
        of: &Evidence<'_>,
        mut each: impl FnMut(&StoredEvent) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let fates = self.fates(of.until).await?;
        let mut filter = EventFilter::newest(PAGE);
        filter.period = of.reach();
        filter.paid = Some(of.subjects.to_vec());
        self.each_logged(filter, of.until, |mut stored| {
            let event = &mut stored.event;
            if usage_store::is_correction(&event.event_type) {
                return Ok(());
            }
            // Two texts are looked up at once, so that no name can be put together in two ways.
            match fates.get(&(event.source.clone(), event.id.clone())) {
                Some(None) => return Ok(()),
                Some(Some(data)) => event.data = Some(data.clone()),
                None => {}
            }
            each(&stored)
        })
        .await
    }

    /// What became of corrected events: taken back, or their data from now on.
    async fn fates(
        &self,
        until: &Position,
    ) -> Result<HashMap<(String, String), Option<String>>, EngineError> {
        let types = vec![VOID_TYPE.to_string(), AMEND_TYPE.to_string()];
        let mut filter = EventFilter::newest(PAGE);
        filter.condition = Some(Condition::Text(TextField::Type, TextTest::OneOf(types)));
        let mut fates = HashMap::new();
        self.each_logged(filter, until, |stored| {
            if let Some(Ok(asked)) = correction(stored.event.borrowed()) {
                // Who was taken back stays so.
                let fate = fates.entry((asked.source, asked.id)).or_insert(Some(String::new()));
                if fate.is_some() {
                    *fate = asked.data;
                }
            }
            Ok(())
        })
        .await?;
        Ok(fates)
    }

    async fn each_logged(
        &self,
        filter: EventFilter,
        until: &Position,
        mut each: impl FnMut(StoredEvent) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let mut after = Position::default();
        loop {
            let page = self.store.log(after, until.clone(), filter.clone()).await?;
            page.events.into_iter().try_for_each(&mut each)?;
            if !page.more {
                return Ok(());
            }
            after = page.next;
        }
    }
}

/// The answer to a question, in the making.
pub(crate) struct Answer<'a> {
    pub(crate) question: &'a Question,
    pub(crate) collector: Collector<'a>,
    origins: HashMap<&'a str, Vec<Origin>>,
}

impl<'a> Answer<'a> {
    pub(crate) fn new(question: &'a Question, of: &Evidence<'a>) -> Result<Answer<'a>, EngineError> {
        let meter = of.meters.get(&question.meter);
        let meter = meter.ok_or_else(|| EngineError::missing("meter", &question.meter))?;
        let collector = Collector::new(meter, &question.query).map_err(EngineError::query)?;
        let mut origins: HashMap<&str, Vec<Origin>> = HashMap::new();
        if let usage_domain::meter::query::Scope::Parts(parts) = &question.query.scope {
            for part in parts {
                let origin = collector.origin(&part.subject, part.label, part.period);
                origins.entry(&part.subject).or_default().extend(origin);
            }
        }
        Ok(Answer { question, collector, origins })
    }

    fn event(&mut self, stored: &StoredEvent, measured: &Measurement) -> Result<(), EngineError> {
        let order: Order = (stored.event.time, stored.sequence);
        for origin in self.origins.get(stored.event.subject.as_str()).into_iter().flatten() {
            self.collector.event(origin, order, measured).map_err(EngineError::query)?;
        }
        Ok(())
    }
}

/// The values of single events by item, with what tells their order.
struct Singles {
    values: BTreeMap<(usize, usize), Vec<Single>>,
}

/// Its time, source, id and value.
type Single = (Timestamp, String, String, Decimal);

impl Singles {
    fn of(inputs: &Inputs) -> Singles {
        let segments = inputs.segments.iter().enumerate();
        let items = segments.flat_map(|(at, segment)| {
            segment.items.iter().enumerate().filter_map(move |(place, item)| match &item.kind {
                ItemKind::Usage(usage) if looks_at_events(usage) => Some(((at, place), Vec::new())),
                _ => None,
            })
        });
        Singles { values: items.collect() }
    }

    fn event(&mut self, stored: &StoredEvent, meter: &str, measured: &Measurement, questions: &[Question]) {
        for (item, values) in &mut self.values {
            let asked = questions.iter().find(|q| (q.segment, q.item) == *item && q.meter == meter);
            let Some(question) = asked else { continue };
            if !is_asked_for(question, stored, measured) {
                continue;
            }
            let value = match &measured.value {
                MeterValue::Number(value) => *value,
                _ => Decimal::new(1, 0),
            };
            let event = &stored.event;
            values.push((event.time, event.source.clone(), event.id.clone(), value));
        }
    }

    fn in_order(self) -> BTreeMap<(usize, usize), Vec<Decimal>> {
        let order = |mut values: Vec<Single>| {
            values.sort_by(|a, b| (a.0, &a.1, &a.2).cmp(&(b.0, &b.1, &b.2)));
            values.into_iter().map(|(_, _, _, value)| value).collect()
        };
        self.values.into_iter().map(|(item, values)| (item, order(values))).collect()
    }
}

/// Whether a question is about this event.
pub(crate) fn is_asked_for(question: &Question, stored: &StoredEvent, measured: &Measurement) -> bool {
    let event = &stored.event;
    let paid = match &question.query.scope {
        usage_domain::meter::query::Scope::Parts(parts) => {
            parts.iter().any(|part| part.subject == event.subject && part.period.contains(event.time))
        }
        usage_domain::meter::query::Scope::Everybody => true,
    };
    paid && question.query.period().contains(event.time) && question.query.passes(&measured.dimensions)
}
