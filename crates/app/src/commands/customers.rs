//! `customers`: lists the customers, and warns of usage that nobody pays for.

use crate::args::Args;
use crate::failure::Failure;
use crate::gateway::{Gateway, Missing, open};
use crate::output;
use crate::output::counted;
use crate::output::table::Table;
use usage_api::customer::Customer;

/// How many are asked for at a time.
const PAGE: u64 = 1000;

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let gateway = open(args, Missing::Refuse)?;
    let customers = all(&*gateway)?;
    if args.json {
        return output::json(&customers);
    }
    if customers.is_empty() {
        return output::write(
            "There are no customers yet; 'usage_app loaddata' and 'usage_app import' make some.\n",
        );
    }
    let mut table = Table::new(&[
        ("Number", true),
        ("Key", false),
        ("Name", false),
        ("Currency", false),
        ("Time zone", false),
        ("Subjects", false),
    ]);
    for customer in &customers {
        table.row(vec![
            customer.number.to_string(),
            customer.key.clone().unwrap_or_default(),
            customer.name.clone(),
            customer.currency.clone(),
            customer.timezone.clone(),
            shortened(&customer.usage_attribution.subject_keys),
        ]);
    }
    output::write(&format!("{table}\n"))?;
    warn(&*gateway)
}

fn all(gateway: &dyn Gateway) -> Result<Vec<Customer>, Failure> {
    let mut customers = Vec::new();
    for page in 1.. {
        let page = gateway.customers(page, PAGE)?;
        let last = page.items.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
        customers.extend(page.items);
        if last {
            break;
        }
    }
    Ok(customers)
}

fn shortened(subjects: &[String]) -> String {
    match subjects {
        [first, second, third, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second}, {third} and {} more", rest.len())
        }
        _ => subjects.join(", "),
    }
}

/// Says on standard error which usage would be billed to nobody: charges, and what meters count.
pub(super) fn warn(gateway: &dyn Gateway) -> Result<(), Failure> {
    let unpaid = gateway.unpaid()?;
    if let Some(first) = unpaid.items.first() {
        let are = if unpaid.events == 1 { "is" } else { "are" };
        eprintln!(
            "warning: {} of {} {are} on nobody's bill, such as subject \"{}\"; make a customer with that key \
             or subject",
            counted(unpaid.events, "usage event"),
            counted(unpaid.items.len() as u64 + unpaid.more, "subject"),
            first.subject
        );
    }
    Ok(())
}
