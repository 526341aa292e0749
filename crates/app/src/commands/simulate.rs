//! `simulate`: who would have paid more or less for a month under another plan, and why.

use crate::args::{Args, Simulate};
use crate::catalog;
use crate::failure::Failure;
use crate::gateway::{Gateway, Missing, open};
use crate::output::table::Table;
use crate::output::{self, counted, progress};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use usage_api::bill::{PlanOrKey, Simulated, SimulationPage, SimulationRequest};
use usage_domain::decimal::{Decimal, DecimalError};
use usage_domain::time::Month;

/// Customers that are asked for at a time.
const PAGE: u64 = 100;
/// Customers that are shown one by one.
const SHOWN: usize = 50;

pub(crate) fn run(args: &Args, asked: &Simulate) -> Result<(), Failure> {
    let month: Month = asked.month.parse()?;
    let request = SimulationRequest {
        plan: plan(&asked.plan)?,
        instead_of: asked.instead_of.clone(),
        month: month.to_string(),
        customer: asked.customer.clone(),
        offset: None,
        limit: Some(PAGE),
    };
    let gateway = open(args, Missing::Refuse)?;
    let page = all(&*gateway, request)?;
    if args.json {
        return output::json(&page);
    }
    output::write(&text(&page, month)?)
}

/// The plan in a file, or the key of one that there is.
fn plan(named: &str) -> Result<PlanOrKey, Failure> {
    let path = Path::new(named);
    let is_file = path.exists() || [".json", ".yaml", ".yml"].iter().any(|end| named.ends_with(end));
    if !is_file {
        return Ok(PlanOrKey::Key(named.to_string()));
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::operation(format!("{named} cannot be read: {error}")))?;
    let plan = catalog::plan(&text).map_err(|problems| catalog::refused(path, &problems))?;
    Ok(PlanOrKey::Plan(Box::new((&plan).into())))
}

/// Page by page, until there are no more customers.
fn all(gateway: &dyn Gateway, mut request: SimulationRequest) -> Result<SimulationPage, Failure> {
    let mut all = SimulationPage { items: Vec::new(), customers: 0, total_customers: 0 };
    let bar = progress::count("Simulating", 0);
    loop {
        request.offset = Some(all.customers);
        let page = gateway.simulate(&request)?;
        all.total_customers = page.total_customers;
        all.customers += page.customers;
        all.items.extend(page.items);
        bar.set_length(all.total_customers);
        bar.set_position(all.customers);
        if page.customers < PAGE {
            bar.finish_and_clear();
            return Ok(all);
        }
    }
}

/// What customers of one currency pay.
#[derive(Default)]
struct Sums {
    now: Decimal,
    then: Decimal,
    more: u64,
    less: u64,
    same: u64,
}

fn text(page: &SimulationPage, month: Month) -> Result<String, Failure> {
    if page.items.is_empty() {
        let looked_at = counted(page.customers, "customer");
        return Ok(format!("Nothing would change for any of {looked_at} in {month}. Nothing was stored.\n"));
    }
    let unreadable = |error: DecimalError| Failure::operation(format!("a figure of the answer: {error}"));
    let mut text = format!("{month}, before credits\n\n{}\n", table(&page.items).map_err(unreadable)?);
    let more = page.items.len().saturating_sub(SHOWN);
    if more > 0 {
        let _ = writeln!(text, "and {}; --json shows them all.", counted(more as u64, "smaller difference"));
    }
    text.push('\n');
    text.push_str(&sums(&page.items).map_err(unreadable)?);
    let others = page.customers.saturating_sub(page.items.len() as u64);
    if others > 0 {
        let _ = writeln!(text, "Nothing would change for {}.", counted(others, "other customer"));
    }
    text.push_str("Nothing was stored.\n");
    Ok(text)
}

/// Customers by number, with the lines that differ; where there are many, those of the largest differences.
fn table(items: &[Simulated]) -> Result<Table, DecimalError> {
    let mut items: Vec<(Decimal, &Simulated)> =
        items.iter().map(|one| Ok((one.difference.parse()?, one))).collect::<Result<_, DecimalError>>()?;
    if items.len() > SHOWN {
        items.sort_by_key(|(by, _)| std::cmp::Reverse(if by.is_negative() { by.negate() } else { *by }));
        items.truncate(SHOWN);
    }
    let mut table = Table::new(&[
        ("Customer", false),
        ("Currency", false),
        ("Now", true),
        ("Then", true),
        ("Difference", true),
    ]);
    for (_, one) in items {
        table.row(vec![
            format!("{} ({})", one.customer.name, one.customer.number),
            one.currency.clone(),
            one.current_total.clone(),
            one.simulated_total.clone(),
            signed(&one.difference),
        ]);
        for line in &one.lines {
            let (name, nothing) = (format!("  {}", line.service), String::new());
            let (now, then) = (line.current_total.clone(), line.simulated_total.clone());
            table.row(vec![name, nothing.clone(), now, then, nothing]);
        }
    }
    Ok(table)
}

/// What all customers together would pay, a line per currency.
fn sums(items: &[Simulated]) -> Result<String, DecimalError> {
    let mut sums: BTreeMap<&str, Sums> = BTreeMap::new();
    for one in items {
        add(sums.entry(&one.currency).or_default(), one)?;
    }
    let mut text = String::new();
    for (currency, Sums { now, then, more, less, same }) in sums {
        let difference = signed(&output::figure(then.sub(now)?, currency));
        let [now, then] = [now, then].map(|amount| output::figure(amount, currency));
        let _ = writeln!(
            text,
            "In all {currency} {then} instead of {now}: {difference}. {more} would pay more, {less} less, {same} the same."
        );
    }
    Ok(text)
}

fn add(sum: &mut Sums, one: &Simulated) -> Result<(), DecimalError> {
    let (now, then): (Decimal, Decimal) = (one.current_total.parse()?, one.simulated_total.parse()?);
    sum.now = sum.now.add(now)?;
    sum.then = sum.then.add(then)?;
    match then.cmp(&now) {
        Ordering::Greater => sum.more += 1,
        Ordering::Less => sum.less += 1,
        Ordering::Equal => sum.same += 1,
    }
    Ok(())
}

/// A difference with its sign.
fn signed(difference: &str) -> String {
    let is_more =
        difference.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) && !difference.starts_with('-');
    if is_more { format!("+{difference}") } else { difference.to_string() }
}
