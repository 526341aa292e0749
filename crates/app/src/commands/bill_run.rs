//! `bill-run`: finalizes a month of all customers. It goes on where it was interrupted; running it again
//! changes nothing.

use super::customers::warn;
use crate::args::{Args, BillRun};
use crate::failure::Failure;
use crate::gateway::{Gateway, Missing, open};
use crate::output::table::Table;
use crate::output::{self, counted, progress};
use std::collections::BTreeMap;
use std::fmt::Write;
use usage_api::bill::{BillRunPage, BillRunRequest};
use usage_domain::decimal::Decimal;
use usage_domain::time::Month;

/// Customers that are asked for at a time.
const PAGE: u64 = 1000;
/// Customers that are named for each reason why they could not be billed.
const NAMED: usize = 5;
/// Customers that are named because something that they used has no price.
const UNPRICED: usize = 20;

pub(crate) fn run(args: &Args, asked: &BillRun) -> Result<(), Failure> {
    let month: Month = asked.month.parse()?;
    let gateway = open(args, Missing::Refuse)?;
    warn(&*gateway)?;
    let done = all(&*gateway, month, asked.force);
    gateway.close()?;
    let done = done?;
    warn_of_unpriced(&done);
    if args.json {
        output::json(&done)?;
    } else {
        output::write(&summary(&done, month))?;
    }
    if done.failed.is_empty() {
        return Ok(());
    }
    let others = if done.failed.len() as u64 == done.customers { "" } else { "; the others are done" };
    let failed = counted(done.failed.len() as u64, "customer");
    Err(Failure::operation(format!("{failed} could not be billed{others}"))
        .next("Put right what is named, and run it again: who has a bill is left alone."))
}

/// Page by page, until there are no more customers.
fn all(gateway: &dyn Gateway, month: Month, force: bool) -> Result<BillRunPage, Failure> {
    let mut done = BillRunPage::default();
    let bar = progress::count("Finalizing bills", 0);
    loop {
        let offset = done.customers;
        let request = BillRunRequest { month: month.to_string(), offset, limit: Some(PAGE), force };
        let page = gateway.bill_run(&request).map_err(|failure| match done.customers {
            0 => failure,
            customers => failure.next(format!(
                "{customers} of {} customers were done and keep their bills; run it again, and it goes on from there.",
                done.total_customers
            )),
        })?;
        done.total_customers = page.total_customers;
        done.customers += page.customers;
        done.already_finalized += page.already_finalized;
        done.nothing_to_bill += page.nothing_to_bill;
        done.finalized.extend(page.finalized);
        done.failed.extend(page.failed);
        done.unpriced_customers += page.unpriced_customers;
        done.unpriced.extend(page.unpriced);
        done.unpriced.truncate(UNPRICED);
        bar.set_length(done.total_customers);
        bar.set_position(done.customers);
        if page.customers < PAGE {
            bar.finish_and_clear();
            return Ok(done);
        }
    }
}

/// Says on standard error who used what is on no bill because it has no price.
fn warn_of_unpriced(done: &BillRunPage) {
    let Some(first) = done.unpriced.first() else { return };
    eprintln!(
        "warning: {} used what none of their prices is for, such as customer {} ({} of {}); \
         put them on a plan that has a price for it",
        counted(done.unpriced_customers, "customer"),
        first.customer,
        counted(first.events, "event"),
        first.meters.join(", "),
    );
}

fn summary(done: &BillRunPage, month: Month) -> String {
    let mut text = format!("The run of {month}\n\n");
    let mut sums: BTreeMap<&str, (u64, Option<Decimal>)> = BTreeMap::new();
    for bill in &done.finalized {
        let (bills, sum) = sums.entry(&bill.currency).or_insert((0, Some(Decimal::default())));
        *bills += 1;
        *sum = sum.and_then(|sum| sum.add(bill.total.parse().ok()?).ok());
    }
    if !sums.is_empty() {
        let mut table = Table::new(&[("Currency", false), ("Bills", true), ("Total", true)]);
        for (currency, (bills, sum)) in sums {
            let sum = sum.map_or_else(|| "does not fit".to_string(), |sum| output::figure(sum, currency));
            table.row(vec![currency.to_string(), bills.to_string(), sum]);
        }
        let _ = writeln!(text, "{table}\n");
    }
    let rows = [
        ("finalized now", done.finalized.len() as u64),
        ("finalized before", done.already_finalized),
        ("nothing to bill", done.nothing_to_bill),
        ("could not be billed", done.failed.len() as u64),
        ("customers in all", done.customers),
    ];
    for (what, count) in rows {
        let _ = writeln!(text, "{what:<20}{count:>8}");
    }
    let mut reasons: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for failure in &done.failed {
        reasons.entry(&failure.reason).or_default().push(failure.customer);
    }
    for (reason, customers) in reasons {
        let named: Vec<String> = customers.iter().take(NAMED).map(u64::to_string).collect();
        let more = customers.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let _ = write!(text, "\nCustomers {}{more}: {reason}\n", named.join(", "));
    }
    text
}
