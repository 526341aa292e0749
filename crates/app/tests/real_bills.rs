//! Bills of real usage: what plans make of it agrees with figures that were computed in another way.

mod program;

use program::{printed, real};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use tempfile::TempDir;

/// Digits after the point of the whole numbers that are computed with here.
const SCALE: u32 = 20;

/// A decimal as so many 10^-20.
fn whole(text: &str) -> i128 {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (integer, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = format!("{fraction:0<width$}", width = SCALE as usize);
    assert_eq!(fraction.len(), SCALE as usize, "{text} has more digits than are computed with");
    let integer: i128 = if integer.is_empty() { 0 } else { integer.parse().unwrap() };
    sign * (integer * 10_i128.pow(SCALE) + fraction.parse::<i128>().unwrap())
}

fn bill(folder: &Path, customer: &str, month: &str) -> Value {
    serde_json::from_str(&printed(folder, &["--json", "bill", customer, "--month", month])).unwrap()
}

fn apply(folder: &TempDir, data: &Path, catalog: &str) {
    let file = folder.path().join("catalog.yaml");
    std::fs::write(&file, catalog).unwrap();
    printed(data, &["migrate"]);
    printed(data, &["apply", file.to_str().unwrap()]);
}

const TOKENS: &str = r"
meters:
  - {key: context, aggregation: SUM, event_type: request, value_property: $.ContextTokens}
  - {key: generated, aggregation: SUM, event_type: request, value_property: $.GeneratedTokens}
";

#[test]
fn an_hour_of_language_models_costs_what_its_tokens_cost() {
    let Some(file) = real("azure_llm_code.csv") else { return };
    let folder = TempDir::new().unwrap();
    let store = &folder.path().join("data");
    let catalog = format!(
        "{TOKENS}
plans:
  - key: flat
    name: Per million
    versions:
      - effective_from: 2023-01-01
        currency: USD
        items:
          - {{key: context, name: Context tokens, meter: context, unit: million, price: {{model: per_unit, unit_amount: 2.50, unit_conversion: {{operation: divide, factor: 1000000}}}}}}
          - {{key: generated, name: Generated tokens, meter: generated, price: {{model: per_unit, unit_amount: 0.00001}}}}
  - key: tiers
    name: Tiers
    versions:
      - effective_from: 2023-01-01
        currency: USD
        items:
          - key: context
            name: Context tokens
            meter: context
            price: {{model: graduated, usage_discount: 1000000, tiers: [{{up_to: 5000000, unit_amount: 0.0000025}}, {{up_to: null, unit_amount: 0.00000125, flat_amount: 3}}]}}
          - key: generated
            name: Generated tokens
            meter: generated
            price: {{model: graduated, tiers: [{{up_to: 100000, unit_amount: 0}}, {{up_to: 200000, unit_amount: 0.000012}}, {{up_to: null, unit_amount: 0.000007}}]}}
customers:
  - {{key: acme, name: Acme, subjects: [azure], subscriptions: [{{plan: flat, start: 2023-11-01}}]}}
"
    );
    apply(&folder, store, &catalog);
    let import = [
        "import",
        "csv",
        file.to_str().unwrap(),
        "--type",
        "request",
        "--time",
        "TIMESTAMP",
        "--subject",
        "=azure",
    ];
    printed(store, &import);
    printed(store, &import);
    let flat = bill(store, "acme", "2023-11");
    assert_eq!(flat["exact_total"], "47.608895");
    assert_eq!((&flat["lines"][0]["amount"], &flat["lines"][1]["amount"]), (&"45.15".into(), &"2.46".into()));
    assert_eq!(flat["total"], "47.61");

    // Another customer with the same usage, under tiers and free units.
    let other = folder.path().join("other");
    apply(&folder, &other, &catalog.replace("plan: flat, start", "plan: tiers, start"));
    printed(&other, &import);
    let tiers = bill(&other, "acme", "2023-11");
    // By hand, in 10^-8 dollars: a million of the context is free, five million at 250, the rest at 125
    // and three dollars; of the generated tokens the first hundred thousand are free.
    let (context, generated) = (18_059_974_i128, 245_896_i128);
    let context = 5_000_000 * 250 + (context - 1_000_000 - 5_000_000) * 125 + 300_000_000;
    let generated = 100_000 * 1200 + (generated - 200_000) * 700;
    let exact = (context + generated) * 10_i128.pow(SCALE - 8);
    assert_eq!(whole(tiers["exact_total"].as_str().unwrap()), exact);
    let cents = |amount: i128| (amount + 500_000) / 1_000_000;
    let total = (cents(context) + cents(generated)) * 10_i128.pow(SCALE - 2);
    assert_eq!(whole(tiers["total"].as_str().unwrap()), total);
}

#[test]
fn a_cloud_resold_with_a_markup_for_each_service_agrees_with_a_recount() {
    let Some(file) = real("focus_sample.csv") else { return };
    let folder = TempDir::new().unwrap();
    let store = &folder.path().join("data");
    let markups = [("Amazon Simple Queue Service", "1.30"), ("Amazon Elastic Compute Cloud", "1.125")];
    let rates: Vec<String> = markups
        .iter()
        .map(|(service, markup)| format!("{{values: {{service: {service}}}, unit_amount: {markup}}}"))
        .collect();
    let rest = "1.07";
    let mut catalog = format!(
        "
meters:
  - {{key: cost, aggregation: SUM, event_type: cloud.cost, value_property: $.amount, group_by: {{service: $.service}}}}
plans:
  - key: resale
    name: Resale
    versions:
      - effective_from: 2024-01-01
        currency: USD
        items:
          - key: cloud
            name: Cloud services
            meter: cost
            price: {{model: matrix, dimensions: [service], default_unit_amount: {rest}, rates: [{}]}}
customers:
",
        rates.join(", ")
    );
    // What each customer's rows come to, with the markup of their service.
    let mut owed: BTreeMap<String, i128> = BTreeMap::new();
    let mut reader = csv::Reader::from_path(&file).unwrap();
    let headers = reader.headers().unwrap().clone();
    let column = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let [provider, account, service, cost] =
        ["ProviderName", "SubAccountId", "ServiceName", "BilledCost"].map(column);
    for record in reader.records() {
        let record = record.unwrap();
        let markup =
            markups.iter().find(|(name, _)| *name == &record[service]).map_or(rest, |(_, markup)| markup);
        let thousandths: i128 = whole(markup) / 10_i128.pow(SCALE - 3);
        let cost = if record[cost].contains('e') || record[cost].contains('E') {
            panic!("{}", &record[cost])
        } else {
            whole(&record[cost])
        };
        *owed.entry(format!("{}:{}", &record[provider], &record[account])).or_default() +=
            cost / 1000 * thousandths;
        assert_eq!(cost % 1000, 0);
    }
    assert_eq!(owed.len(), 73);
    for key in owed.keys() {
        catalog.push_str(&format!(
            "  - {{key: \"{key}\", name: \"{key}\", subscriptions: [{{plan: resale, start: 2024-09-01}}]}}\n"
        ));
    }
    apply(&folder, store, &catalog);
    printed(store, &["import", "focus", file.to_str().unwrap(), "--type", "cloud.cost"]);
    let mut seen = 0;
    for (key, owed) in &owed {
        let bill = bill(store, &format!("key:{key}"), "2024-09");
        assert_eq!(whole(bill["exact_total"].as_str().unwrap()), *owed, "{key}");
        seen += bill["lines"].as_array().unwrap().len();
    }
    assert!(seen > 60, "{seen} lines");
    invoices_add_up(store);
}

/// The month's run, and its FOCUS export: what the rows of an invoice come to is its total.
fn invoices_add_up(store: &Path) {
    let run: Value =
        serde_json::from_str(&printed(store, &["--json", "bill-run", "--month", "2024-09"])).unwrap();
    let bills = run["finalized"].as_array().unwrap();
    assert!(bills.len() > 60, "{} bills", bills.len());
    let focus = printed(store, &["export", "bills", "--month", "2024-09", "--format", "focus"]);
    let mut reader = csv::Reader::from_reader(focus.as_bytes());
    let headers = reader.headers().unwrap().clone();
    let [invoice, cost] =
        ["InvoiceId", "BilledCost"].map(|name| headers.iter().position(|header| header == name).unwrap());
    let mut sums: BTreeMap<String, i128> = BTreeMap::new();
    for record in reader.records() {
        let record = record.unwrap();
        *sums.entry(record[invoice].to_string()).or_default() += whole(&record[cost]);
    }
    for bill in bills {
        let number = bill["number"].as_str().unwrap();
        let sum = sums.remove(number).unwrap_or_default();
        assert_eq!(sum, whole(bill["total"].as_str().unwrap()), "{number}");
    }
    assert!(sums.is_empty(), "rows of no bill: {sums:?}");
}
