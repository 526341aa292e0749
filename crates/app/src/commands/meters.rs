//! `meters`: lists them, makes and ends them, and asks them how much was used.

use crate::args::{Args, CreateMeter, Meters, MetersCommand, QueryMeter};
use crate::failure::Failure;
use crate::gateway::{Missing, open};
use crate::output;
use crate::output::table::Table;
use std::collections::BTreeMap;
use usage_api::meter::MeterInput;
use usage_api::meter::query::{MeterQueryRequest, MeterQueryResult, MeterQueryRow};

const SUBJECT: &str = "subject";
const CUSTOMER: &str = "customer_id";

pub(crate) fn run(args: &Args, asked: &Meters) -> Result<(), Failure> {
    match &asked.command {
        None => list(args),
        Some(MetersCommand::Create(new)) => create(args, new),
        Some(MetersCommand::Delete { meter }) => delete(args, meter),
        Some(MetersCommand::Query(question)) => query(args, question),
    }
}

fn list(args: &Args) -> Result<(), Failure> {
    let meters = open(args, Missing::Refuse)?.meters()?;
    if args.json {
        return output::json(&meters);
    }
    if meters.is_empty() {
        return output::write("There are no meters yet; 'usage_app meters create' makes one.\n");
    }
    let columns = ["Slug", "Aggregation", "Event type", "Value", "Dimensions", "Name"];
    let mut table = Table::new(&columns.map(|name| (name, false)));
    for meter in meters {
        table.row(vec![
            meter.slug,
            meter.aggregation,
            meter.event_type,
            meter.value_property.unwrap_or_default(),
            meter.group_by.into_keys().collect::<Vec<_>>().join(", "),
            meter.name.unwrap_or_default(),
        ]);
    }
    output::write(&format!("{table}\n"))
}

fn create(args: &Args, new: &CreateMeter) -> Result<(), Failure> {
    let group_by: BTreeMap<String, String> = new.group_by.iter().cloned().collect();
    let input = MeterInput {
        slug: new.slug.clone(),
        name: new.name.clone(),
        description: new.description.clone(),
        aggregation: new.aggregation.to_uppercase(),
        event_type: new.event_type.clone(),
        value_property: new.value.clone(),
        group_by: Some(group_by),
        event_from: new.event_from.clone(),
        metadata: None,
    };
    let gateway = open(args, Missing::Create)?;
    let meter = gateway.create_meter(input)?;
    gateway.close()?;
    let text = format!("Made meter {}: {} of {}.", meter.slug, meter.aggregation, meter.event_type);
    output::either(args.json, &meter, &text)
}

fn delete(args: &Args, meter: &str) -> Result<(), Failure> {
    let gateway = open(args, Missing::Refuse)?;
    gateway.delete_meter(meter)?;
    gateway.close()?;
    output::either(args.json, &serde_json::json!({"deleted": meter}), &format!("Ended meter {meter}."))
}

fn query(args: &Args, asked: &QueryMeter) -> Result<(), Failure> {
    let some = |values: &[String]| (!values.is_empty()).then(|| values.to_vec());
    let mut filters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in &asked.filter {
        filters.entry(name.clone()).or_default().push(value.clone());
    }
    let question = MeterQueryRequest {
        from: asked.from.clone(),
        to: asked.to.clone(),
        window_size: asked.window.as_ref().map(|window| window.to_uppercase()),
        window_time_zone: asked.zone.clone(),
        subject: some(&asked.subject),
        filter_customer_id: some(&asked.customer),
        filter_group_by: (!filters.is_empty()).then_some(filters),
        group_by: some(&asked.group_by),
        ..MeterQueryRequest::default()
    };
    let result = open(args, Missing::Refuse)?.query_meter(&asked.meter, &question)?;
    if args.json {
        return output::json(&result);
    }
    if result.data.is_empty() {
        return output::write("There is no such usage.\n");
    }
    output::write(&format!("{}\n", table(asked, &result)))
}

fn table(asked: &QueryMeter, result: &MeterQueryResult) -> Table {
    let mut groups: Vec<&str> = Vec::new();
    let by_subject = (!asked.subject.is_empty()).then_some(SUBJECT);
    for name in by_subject.into_iter().chain(asked.group_by.iter().map(String::as_str)) {
        if !groups.contains(&name) {
            groups.push(name);
        }
    }
    let mut columns = vec![("From", false), ("To", false)];
    columns.extend(groups.iter().map(|name| (*name, false)));
    columns.push(("Value", true));
    let mut table = Table::new(&columns);
    for row in &result.data {
        let mut cells = vec![row.window_start.clone(), row.window_end.clone()];
        cells.extend(groups.iter().map(|name| cell(row, name)));
        cells.push(row.value.to_string());
        table.row(cells);
    }
    table
}

/// What a row is of, in one of its groups.
fn cell(row: &MeterQueryRow, group: &str) -> String {
    let value = match group {
        SUBJECT => row.subject.clone(),
        CUSTOMER => row.customer_id.clone().flatten(),
        name => row.group_by.get(name).cloned().flatten(),
    };
    value.unwrap_or_else(|| "(none)".to_string())
}
