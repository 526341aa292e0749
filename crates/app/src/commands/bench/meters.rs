//! The meters of a run, and whether what they say is what was sent.

use super::events::Sum;
use super::http::{Connection, Target};
use super::texts::{GROUPS, TYPES, group};
use crate::failure::Failure;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use usage_domain::decimal::{Decimal, DecimalError};

/// A meter's usage by model and region.
pub(super) type Usage = BTreeMap<(Option<String>, Option<String>), Decimal>;

/// What a meter's name is in paths.
pub(super) fn slug(number: usize) -> String {
    format!("bench_{}", TYPES[number].replace('.', "_"))
}

/// Makes the first so many meters, where they are not there already.
pub(super) fn create(target: &Target, meters: usize) -> Result<(), Failure> {
    let mut connection = Connection::open(target)?;
    for (number, event_type) in TYPES.iter().enumerate().take(meters) {
        let meter = json!({
            "slug": slug(number),
            "aggregation": "SUM",
            "eventType": event_type,
            "valueProperty": "$.value",
            "groupBy": {"model": "$.model", "region": "$.region"},
        });
        let answer = connection.ask(&target.post("/api/v1/meters", &meter.to_string()))?;
        if answer.status != 409 {
            answer.expect(201)?;
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Rows<'a> {
    #[serde(borrow)]
    data: Vec<Row<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    #[serde(borrow)]
    value: &'a RawValue,
    group_by: BTreeMap<String, Option<String>>,
}

/// What the first so many meters say of all time.
pub(super) fn usage(target: &Target, meters: usize) -> Result<Vec<Usage>, Failure> {
    let mut connection = Connection::open(target)?;
    let ask = |number| {
        let path = format!("/api/v1/meters/{}/query?groupBy=model&groupBy=region", slug(number));
        let answer = connection.ask(&target.get(&path))?;
        answer.expect(200)?;
        read(answer.body).map_err(|reason| Failure::operation(format!("the answer to {path}: {reason}")))
    };
    (0..meters).map(ask).collect()
}

/// Reads the rows of an answer, every digit of their values.
fn read(body: &[u8]) -> Result<Usage, String> {
    let rows: Rows = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let mut usage = Usage::new();
    for mut row in rows.data {
        let mut dimension = |name: &str| row.group_by.remove(name).flatten();
        let group = (dimension("model"), dimension("region"));
        let value = row.value.get().parse().map_err(|error| format!("{}: {error}", row.value))?;
        if usage.insert(group, value).is_some() {
            return Err("a group stands twice".into());
        }
    }
    Ok(usage)
}

/// What was sent to a meter, and what it counted.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(super) struct Checked {
    pub(super) meter: String,
    pub(super) sent: String,
    pub(super) counted: String,
    /// Whether every group agrees, to the last digit.
    pub(super) agrees: bool,
}

/// Compares what meters said before and after a load with what was sent.
pub(super) fn check(sums: &[Sum], before: &[Usage], after: &[Usage]) -> Result<Vec<Checked>, Failure> {
    let meters = sums.chunks(GROUPS).zip(before).zip(after).enumerate();
    let checked = meters.map(|(number, ((sums, before), after))| {
        let (sent, counted) = (sent(number, sums), difference(after, before)?);
        let agrees = sent == counted;
        Ok(Checked { meter: slug(number), sent: total(&sent)?, counted: total(&counted)?, agrees })
    });
    checked.collect::<Exact<_>>().map_err(|error| Failure::operation(format!("the meters' figures: {error}")))
}

type Exact<T> = Result<T, DecimalError>;

fn sent(number: usize, sums: &[Sum]) -> Usage {
    let groups = sums.iter().enumerate().filter(|(_, sum)| sum.events > 0).map(|(place, sum)| {
        let (model, region) = group(number * GROUPS + place);
        let value = Decimal::new(i64::try_from(sum.value).unwrap_or(i64::MAX), 3);
        ((Some(model.to_string()), Some(region.to_string())), value)
    });
    groups.collect()
}

/// What was added since; groups without a change are left out.
fn difference(after: &Usage, before: &Usage) -> Exact<Usage> {
    let mut difference = after.clone();
    for (group, value) in before {
        let entry = difference.entry(group.clone()).or_insert(Decimal::new(0, 0));
        *entry = entry.sub(*value)?;
    }
    difference.retain(|_, value| !value.is_zero());
    Ok(difference)
}

fn total(usage: &Usage) -> Exact<String> {
    let sum = usage.values().try_fold(Decimal::new(0, 0), |sum, value| sum.add(*value))?;
    Ok(sum.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(changed: u64) -> Vec<Sum> {
        let mut sums = vec![Sum::default(); 2 * GROUPS];
        sums[0] = Sum { events: 2, value: 3_500 + changed };
        sums[GROUPS + 1] = Sum { events: 1, value: 1_001 };
        sums
    }

    fn answers(first: &str) -> Vec<Usage> {
        let row = |value: &str, kind| {
            let (model, region) = group(kind);
            format!(
                r#"{{"value":{value},"subject":null,"groupBy":{{"model":"{model}","region":"{region}"}}}}"#
            )
        };
        let bodies = [row(first, 0), row("1.001", GROUPS + 1)];
        bodies.iter().map(|rows| read(format!(r#"{{"data":[{rows}]}}"#).as_bytes()).unwrap()).collect()
    }

    #[test]
    fn a_thousandth_that_is_lost_or_counted_twice_shows() {
        let nothing = vec![Usage::new(); 2];
        let agree = |changed, before: &[Usage], after: &[Usage]| {
            let checked = check(&sums(changed), before, after).unwrap();
            checked.iter().map(|meter| meter.agrees).collect::<Vec<_>>()
        };
        assert_eq!(agree(0, &nothing, &answers("3.5")), [true, true]);
        assert_eq!(agree(1, &nothing, &answers("3.5")), [false, true]);
        assert_eq!(agree(0, &answers("3.5"), &answers("7.000")), [true, false], "the second did not grow");
        assert_eq!(agree(0, &nothing, &nothing), [false, false]);
        let checked = check(&sums(1), &nothing, &answers("3.5")).unwrap();
        assert_eq!((checked[0].sent.as_str(), checked[0].counted.as_str()), ("3.501", "3.5"));
    }
}
