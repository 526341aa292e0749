//! From a request of either version to what a meter is asked, and back to its answer.

use super::query::{MeterQueryRequest, MeterQueryResult, MeterQueryRow, RowNames};
use super::v3::{UsageQuery, UsageResult, UsageRow};
use super::{NO_VALUES, wrong};
use std::collections::{BTreeMap, BTreeSet};
use usage_domain::customer::CustomerId;
use usage_domain::meter::query::{Condition, MeterQuery, MeterQuestion, MeterRow};
use usage_domain::meter::windows::Window;
use usage_domain::meter::{InvalidMeter, Meter};
use usage_domain::time::{Timestamp, Zone};

const SUBJECT: &str = "subject";
const CUSTOMER: &str = "customer_id";
/// The most values that one parameter may list.
const MAX_VALUES: usize = 1000;

/// What a request asks, and how its rows are called.
#[derive(Debug)]
pub struct Asked {
    /// The question.
    pub question: MeterQuestion,
    /// The dimensions of the rows, in their order.
    dimensions: Vec<String>,
    /// The moments as they are echoed.
    from: Option<String>,
    to: Option<String>,
}

/// What fields are called in a version.
struct Names {
    window: &'static str,
    zone: &'static str,
    group: &'static str,
    filter: &'static str,
}

const V1: Names =
    Names { window: "windowSize", zone: "windowTimeZone", group: "groupBy", filter: "filterGroupBy" };
const V3: Names = Names {
    window: "granularity",
    zone: "time_zone",
    group: "group_by_dimensions",
    filter: "filters.dimensions",
};

/// What both versions ask.
struct Wanted<'a> {
    from: Option<&'a str>,
    to: Option<&'a str>,
    window: Option<Window>,
    zone: Option<&'a str>,
    group_by: Vec<String>,
    filters: BTreeMap<String, Condition>,
}

impl Asked {
    /// Reads a request of version 1; `now` ends what needs an end and has none.
    ///
    /// # Errors
    /// The first field that is not usable.
    pub fn v1(meter: &Meter, request: &MeterQueryRequest, now: Timestamp) -> Result<Asked, InvalidMeter> {
        if request.advanced_meter_group_by_filters.is_some() {
            let reason = "is not supported; filterGroupBy[name]=value is, and version 3 has more";
            return Err(wrong("advancedMeterGroupByFilters", reason));
        }
        let window = request.window_size.as_deref().map(str::parse).transpose();
        let mut filters = BTreeMap::new();
        for (name, values) in request.filter_group_by.iter().flatten() {
            if values.is_empty() {
                return Err(wrong(V1.filter, format!("{name:.64}: {NO_VALUES}")));
            }
            filters.extend(one_of(V1.filter, values)?.map(|condition| (name.clone(), condition)));
        }
        let wanted = Wanted {
            from: request.from.as_deref(),
            to: request.to.as_deref(),
            window: window.map_err(|error| wrong(V1.window, error))?,
            zone: request.window_time_zone.as_deref(),
            group_by: request.group_by.clone().unwrap_or_default(),
            filters,
        };
        let mut asked = Asked::read(meter, wanted, &V1, now)?;
        let question = &mut asked.question;
        let subjects = one_of(SUBJECT, request.subject.as_deref().unwrap_or_default())?;
        let customers =
            one_of("filterCustomerId", request.filter_customer_id.as_deref().unwrap_or_default())?;
        question.query.by_subject |= subjects.is_some();
        question.subject = both(question.subject.take(), subjects);
        question.customer = both(question.customer.take(), customers);
        Ok(asked)
    }

    /// Reads a request of version 3; `now` ends what needs an end and has none.
    ///
    /// # Errors
    /// The first field that is not usable.
    pub fn v3(meter: &Meter, request: UsageQuery, now: Timestamp) -> Result<Asked, InvalidMeter> {
        let window = |name: String| {
            let found = Window::ALL.iter().find(|(_, _, known)| *known == name);
            found
                .map(|(window, ..)| *window)
                .ok_or_else(|| wrong(V3.window, "must be PT1M, PT1H, P1D or P1M"))
        };
        let filters = request.filters.and_then(|filters| filters.dimensions).unwrap_or_default();
        let filters = filters.into_iter().map(|(name, filter)| Ok((name, Condition::try_from(filter)?)));
        let wanted = Wanted {
            from: request.from.as_deref(),
            to: request.to.as_deref(),
            window: request.granularity.map(window).transpose()?,
            zone: request.time_zone.as_deref(),
            group_by: request.group_by_dimensions.unwrap_or_default(),
            filters: filters.collect::<Result<_, InvalidMeter>>()?,
        };
        Asked::read(meter, wanted, &V3, now)
    }

    fn read(meter: &Meter, wanted: Wanted<'_>, names: &Names, now: Timestamp) -> Result<Asked, InvalidMeter> {
        let moment = |field, text: Option<&str>| {
            let read = text.map(str::parse::<Timestamp>).transpose();
            read.map_err(|error| wrong(field, error))
        };
        let (from, to) = (moment("from", wanted.from)?, moment("to", wanted.to)?);
        if from.zip(to).is_some_and(|(from, to)| from >= to) {
            return Err(wrong("from", "must be before to"));
        }
        // A level holds on: without an end, until now.
        let level = meter.draft.aggregation.is_level();
        let until = to.or_else(|| level.then_some(now)).filter(|until| from.is_none_or(|from| from < *until));
        let zone = wanted.zone.map_or(Ok(Zone::utc()), str::parse);
        let zone = zone.map_err(|error| wrong(names.zone, error))?;
        let dimension = |field: &'static str, name: &str| {
            meter.draft.dimension(name).ok_or_else(|| {
                let known = meter.draft.dimensions.iter().map(|each| each.name.as_str());
                let known: Vec<&str> = known.chain([SUBJECT, CUSTOMER]).collect();
                wrong(field, format!("\"{name:.64}\" is none of {}", known.join(", ")))
            })
        };
        let query = MeterQuery { from, to: until, window: wanted.window, zone, ..MeterQuery::total() };
        let mut question = MeterQuestion { query, subject: None, customer: None, by_customer: false };
        let mut dimensions: Vec<String> = Vec::new();
        for name in wanted.group_by {
            match name.as_str() {
                SUBJECT => question.query.by_subject = true,
                CUSTOMER => question.by_customer = true,
                _ if dimensions.contains(&name) => {}
                _ => {
                    question.query.group_by.push(dimension(names.group, &name)?);
                    dimensions.push(name);
                }
            }
        }
        for (name, condition) in wanted.filters {
            match name.as_str() {
                SUBJECT => {
                    question.query.by_subject = true;
                    question.subject = Some(condition);
                }
                CUSTOMER => question.customer = Some(condition),
                _ => question.query.filters.push((dimension(names.filter, &name)?, condition)),
            }
        }
        let echo = |moment: Option<Timestamp>| moment.map(|moment| moment.to_string());
        Ok(Asked { question, dimensions, from: echo(from), to: echo(to) })
    }

    /// What the rows of an answer are told apart by; `customers` is what their labels stand for.
    #[must_use]
    pub fn names<'a>(&'a self, customers: Option<&'a [Option<CustomerId>]>) -> RowNames<'a> {
        RowNames { dimensions: &self.dimensions, customers }
    }

    /// The answer in version 1.
    #[must_use]
    pub fn result(
        &self,
        window_size: Option<&str>,
        rows: &[MeterRow],
        customers: Option<&[Option<CustomerId>]>,
    ) -> MeterQueryResult {
        let names = self.names(customers);
        MeterQueryResult {
            from: self.from.clone(),
            to: self.to.clone(),
            window_size: window_size.map(str::to_string),
            data: rows.iter().map(|row| MeterQueryRow::new(row, names)).collect(),
        }
    }

    /// The answer in version 3.
    #[must_use]
    pub fn usage(&self, rows: &[MeterRow], customers: Option<&[Option<CustomerId>]>) -> UsageResult {
        let names = self.names(customers);
        UsageResult {
            from: self.from.clone(),
            to: self.to.clone(),
            data: rows.iter().map(|row| UsageRow::new(row, names)).collect(),
        }
    }
}

/// One of these values; nothing to keep to where none is named.
fn one_of(field: &'static str, values: &[String]) -> Result<Option<Condition>, InvalidMeter> {
    if values.len() > MAX_VALUES {
        return Err(wrong(field, format!("must be {MAX_VALUES} values at most")));
    }
    let values: BTreeSet<Option<String>> = values.iter().cloned().map(Some).collect();
    Ok((!values.is_empty()).then_some(Condition::In(values)))
}

fn both(one: Option<Condition>, other: Option<Condition>) -> Option<Condition> {
    match (one, other) {
        (Some(one), Some(other)) => Some(Condition::All(vec![one, other])),
        (one, other) => one.or(other),
    }
}
