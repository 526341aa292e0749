//! `subscriptions` and `credits`: what is agreed with a customer.

use crate::args::{Args, OfCustomer};
use crate::failure::Failure;
use crate::gateway::{Missing, open};
use crate::output;
use crate::output::table::Table;

pub(crate) fn subscriptions(args: &Args, asked: &OfCustomer) -> Result<(), Failure> {
    let subscriptions = open(args, Missing::Refuse)?.subscriptions(&asked.customer)?;
    if args.json {
        return output::json(&subscriptions);
    }
    if subscriptions.is_empty() {
        return output::write("The customer is on no plan; 'usage_app apply' puts it on one.\n");
    }
    let columns = ["Plan", "Version", "From", "Until", "Trial until", "Prices of its own", "Id"];
    let mut table = Table::new(&columns.map(|name| (name, false)));
    for one in subscriptions {
        let own: Vec<String> = one.overrides.into_keys().collect();
        table.row(vec![
            one.plan,
            one.version.map_or_else(|| "in force".to_string(), |version| version.to_string()),
            one.start,
            one.end.unwrap_or_default(),
            one.trial_end.unwrap_or_default(),
            own.join(", "),
            one.id,
        ]);
    }
    output::write(&format!("{table}\n"))
}

pub(crate) fn credits(args: &Args, asked: &OfCustomer) -> Result<(), Failure> {
    let credits = open(args, Missing::Refuse)?.credits(&asked.customer)?;
    if args.json {
        return output::json(&credits);
    }
    if credits.is_empty() {
        return output::write("The customer has no credits.\n");
    }
    let mut table = Table::new(&[
        ("Name", false),
        ("Currency", false),
        ("Granted", true),
        ("Left", true),
        ("Priority", true),
        ("From", false),
        ("Until", false),
        ("Id", false),
    ]);
    for one in credits {
        table.row(vec![
            one.name,
            one.currency,
            one.amount,
            one.balance,
            one.priority.to_string(),
            one.effective_at,
            one.expires_at.unwrap_or_default(),
            one.id,
        ]);
    }
    output::write(&format!("{table}\n"))
}
