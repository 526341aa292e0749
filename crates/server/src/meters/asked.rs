//! From a request of either version to what the engine is asked.

use crate::error::ApiError;
use crate::reading::period;
use std::collections::{BTreeMap, BTreeSet};
use usage_api::meter::query::{MeterQueryRequest, RowNames};
use usage_api::meter::v3::UsageQuery;
use usage_domain::meter::Meter;
use usage_domain::meter::query::{Condition, MeterQuery};
use usage_domain::meter::windows::Window;
use usage_domain::time::{Timestamp, Zone};
use usage_engine::{EngineError, MeterAnswer, MeterQuestion};

const SUBJECT: &str = "subject";
const CUSTOMER: &str = "customer_id";
/// The most values that one parameter may list.
const MAX_VALUES: usize = 1000;

/// What a request asks, and how its rows are called.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) question: MeterQuestion,
    /// The dimensions of the rows, in their order.
    dimensions: Vec<String>,
    /// The moments as they are echoed.
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
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
    /// Reads a request of version 1.
    pub(super) fn v1(meter: &Meter, request: &MeterQueryRequest, now: Timestamp) -> Result<Asked, ApiError> {
        if request.advanced_meter_group_by_filters.is_some() {
            let reason = "is not supported; filterGroupBy[name]=value is, and version 3 has more";
            return Err(ApiError::field("advancedMeterGroupByFilters", reason));
        }
        let window = request.window_size.as_deref().map(str::parse).transpose();
        let mut filters = BTreeMap::new();
        for (name, values) in request.filter_group_by.iter().flatten() {
            filters.extend(one_of(V1.filter, values)?.map(|condition| (name.clone(), condition)));
        }
        let wanted = Wanted {
            from: request.from.as_deref(),
            to: request.to.as_deref(),
            window: window.map_err(|error| ApiError::field(V1.window, format!("{error}")))?,
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

    /// Reads a request of version 3.
    pub(super) fn v3(meter: &Meter, request: UsageQuery, now: Timestamp) -> Result<Asked, ApiError> {
        let window = |name: String| {
            let found = Window::ALL.iter().find(|(_, _, known)| *known == name);
            found
                .map(|(window, ..)| *window)
                .ok_or_else(|| ApiError::field(V3.window, "must be PT1M, PT1H, P1D or P1M"))
        };
        let filters = request.filters.and_then(|filters| filters.dimensions).unwrap_or_default();
        let filters = filters.into_iter().map(|(name, filter)| Ok((name, Condition::try_from(filter)?)));
        let wanted = Wanted {
            from: request.from.as_deref(),
            to: request.to.as_deref(),
            window: request.granularity.map(window).transpose()?,
            zone: request.time_zone.as_deref(),
            group_by: request.group_by_dimensions.unwrap_or_default(),
            filters: filters.collect::<Result<_, EngineError>>()?,
        };
        Asked::read(meter, wanted, &V3, now)
    }

    fn read(meter: &Meter, wanted: Wanted<'_>, names: &Names, now: Timestamp) -> Result<Asked, ApiError> {
        let whole = period(("from", "to"), wanted.from, wanted.to)?;
        let (from, to) = (wanted.from.map(|_| whole.start), wanted.to.map(|_| whole.end));
        // A level holds on: without an end, until now.
        let level = meter.draft.aggregation.is_level();
        let until = to.or_else(|| level.then_some(now)).filter(|until| from.is_none_or(|from| from < *until));
        let zone = wanted.zone.map_or(Ok(Zone::utc()), str::parse);
        let zone = zone.map_err(|error| ApiError::field(names.zone, format!("{error}")))?;
        let dimension = |field: &str, name: &str| {
            meter.draft.dimension(name).ok_or_else(|| {
                let known = meter.draft.dimensions.iter().map(|each| each.name.as_str());
                let known: Vec<&str> = known.chain([SUBJECT, CUSTOMER]).collect();
                ApiError::field(field, format!("\"{name:.64}\" is none of {}", known.join(", ")))
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

    /// What the rows of an answer are told apart by.
    pub(super) fn names<'a>(&'a self, answer: &'a MeterAnswer) -> RowNames<'a> {
        RowNames { dimensions: &self.dimensions, customers: answer.customers.as_deref() }
    }
}

/// One of these values; nothing to keep to where none is named.
fn one_of(field: &str, values: &[String]) -> Result<Option<Condition>, ApiError> {
    if values.len() > MAX_VALUES {
        return Err(ApiError::field(field, format!("must be {MAX_VALUES} values at most")));
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
