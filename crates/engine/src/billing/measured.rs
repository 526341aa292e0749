//! What was used of the items of a month: which questions meters are asked, and what the answers are to
//! the items' prices.
//!
//! The same questions are answered by the store's roll-ups for a live bill, and by a recount of the log
//! where a bill is proven.

use crate::EngineError;
use std::collections::BTreeMap;
use usage_domain::bill::{Consumed, Detail, Inputs, Measured};
use usage_domain::charge::ChargeGroup;
use usage_domain::customer::PaidSubject;
use usage_domain::decimal::{Decimal, DecimalError};
use usage_domain::meter::query::{Condition, MeterQuery, MeterRow, Part, Scope};
use usage_domain::meter::{Aggregation, Meter};
use usage_domain::plan::{ItemKind, UsageItem};
use usage_domain::position::Position;
use usage_domain::pricing::consumption::{Events, Group};
use usage_domain::pricing::{Consumption, Model};
use usage_domain::proration;
use usage_domain::ratio::Ratio;
use usage_domain::rounding::{Mode, round};
use usage_domain::subscription::Segment;
use usage_domain::usage::Totals;

/// Digits after the point of a level that is averaged over a part of a month, as of every average.
const AVERAGE_DIGITS: i8 = 18;

/// A question that a meter is asked for an item.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    /// The item: which segment's, and which of its items.
    pub(crate) segment: usize,
    pub(crate) item: usize,
    pub(crate) purpose: Purpose,
    /// The key of the meter.
    pub(crate) meter: String,
    pub(crate) query: MeterQuery,
}

/// What an answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The quantity.
    Quantity,
    /// The quantity by the dimensions of a matrix.
    Matrix,
    /// What the line is broken down by.
    Details,
}

/// The questions whose answers are what was used of a month's items.
pub(crate) fn questions(
    inputs: &Inputs,
    subjects: &[PaidSubject],
    meters: &BTreeMap<String, Meter>,
) -> Result<Vec<Question>, EngineError> {
    let mut questions = Vec::new();
    for (at, segment) in inputs.segments.iter().enumerate() {
        for (place, item) in segment.items.iter().enumerate() {
            let ItemKind::Usage(usage) = &item.kind else { continue };
            let meter =
                meters.get(&usage.meter).ok_or_else(|| EngineError::missing("meter", &usage.meter))?;
            let ask = |purpose: Purpose, by: &[String]| {
                let query = query(inputs, segment, usage, meter, subjects, by)?;
                let meter = usage.meter.clone();
                Ok::<_, EngineError>(Question { segment: at, item: place, purpose, meter, query })
            };
            match usage.price.model() {
                Model::Matrix(matrix) => questions.push(ask(Purpose::Matrix, matrix.dimensions())?),
                _ => questions.push(ask(Purpose::Quantity, &[])?),
            }
            if !usage.details.is_empty() {
                questions.push(ask(Purpose::Details, &usage.details)?);
            }
        }
    }
    Ok(questions)
}

fn query(
    inputs: &Inputs,
    segment: &Segment,
    usage: &UsageItem,
    meter: &Meter,
    subjects: &[PaidSubject],
    by: &[String],
) -> Result<MeterQuery, EngineError> {
    let dimension = |name: &String| {
        let found = meter.draft.dimension(name);
        found.ok_or_else(|| EngineError::missing(&format!("dimension of meter {:?}", usage.meter), name))
    };
    let filter = |(name, values): (&String, &std::collections::BTreeSet<Option<String>>)| {
        Ok::<_, EngineError>((dimension(name)?, Condition::In(values.clone())))
    };
    let part = |paid: &PaidSubject| {
        let period = paid.period.intersection(&segment.period)?;
        Some(Part { subject: paid.subject.clone(), period, label: None })
    };
    Ok(MeterQuery {
        from: Some(segment.period.start),
        to: Some(segment.period.end),
        window: None,
        zone: inputs.customer.zone.clone(),
        scope: Scope::Parts(subjects.iter().filter_map(part).collect()),
        by_subject: false,
        group_by: by.iter().map(dimension).collect::<Result<_, _>>()?,
        filters: usage.filters.iter().map(filter).collect::<Result<_, _>>()?,
    })
}

/// What was used, from the answers to [`questions`]; `singles` has the values of single events for the items
/// whose price looks at them, in the order in which it does.
pub(crate) fn measured(
    inputs: &Inputs,
    meters: &BTreeMap<String, Meter>,
    position: Position,
    charges: Vec<(ChargeGroup, Totals)>,
    answers: impl IntoIterator<Item = (Question, Vec<MeterRow>)>,
    mut singles: BTreeMap<(usize, usize), Vec<Decimal>>,
) -> Result<Measured, EngineError> {
    let empty = |segment: &Segment| vec![Consumed::default(); segment.items.len()];
    let mut segments: Vec<Vec<Consumed>> = inputs.segments.iter().map(empty).collect();
    for (question, rows) in answers {
        let segment = &inputs.segments[question.segment];
        let level = meters
            .get(&question.meter)
            .is_some_and(|meter| meter.draft.aggregation == Aggregation::WeightedSum);
        let share =
            if level { proration::share(&inputs.period, &segment.period).ok().flatten() } else { None };
        let consumed = &mut segments[question.segment][question.item];
        let each = singles.remove(&(question.segment, question.item));
        put(consumed, segment, &question, rows, share, each)
            .map_err(|reason| EngineError::item(inputs, segment, question.item, reason))?;
    }
    Ok(Measured { position, charges, segments })
}

fn put(
    consumed: &mut Consumed,
    segment: &Segment,
    question: &Question,
    rows: Vec<MeterRow>,
    share: Option<Ratio>,
    each: Option<Vec<Decimal>>,
) -> Result<(), DecimalError> {
    // An average level over a part of the month counts for that part of the month.
    let of_month = |value: Decimal| match share {
        Some(share) if share != Ratio::ONE => {
            round(share.mul(value.into())?, Mode::HalfAwayFromZero, AVERAGE_DIGITS)
        }
        _ => Ok(value),
    };
    if question.purpose == Purpose::Details {
        for MeterRow { dimensions: values, value, events, .. } in rows {
            consumed.details.push(Detail { values, quantity: of_month(value)?, events });
        }
        return Ok(());
    }
    let (mut quantity, mut events, mut groups) = (Decimal::ZERO, 0, Vec::new());
    for row in rows {
        let value = of_month(row.value)?;
        quantity = quantity.add(value)?;
        events += row.events;
        if question.purpose == Purpose::Matrix
            && let ItemKind::Usage(usage) = &segment.items[question.item].kind
            && let Model::Matrix(matrix) = usage.price.model()
        {
            let named = matrix.dimensions().iter().cloned().zip(row.dimensions);
            let values = named.filter_map(|(name, value)| Some((name, value?))).collect();
            groups.push(Group { values, quantity: value });
        }
    }
    let events_of = match each {
        Some(each) => Events { each, ..Events::default() },
        None => Events { each: Vec::new(), rest: quantity, rest_count: events },
    };
    consumed.consumption = Consumption { quantity, tier_quantity: None, events: events_of, groups };
    consumed.events = events;
    Ok(())
}

/// Whether an item's price looks at single events, and not only at their sum and number.
pub(crate) fn looks_at_events(usage: &UsageItem) -> bool {
    match usage.price.model() {
        Model::Percentage(price) => {
            price.free_events.is_some()
                || price.free_amount.is_some()
                || price.min_per_event.is_some()
                || price.max_per_event.is_some()
        }
        _ => false,
    }
}
