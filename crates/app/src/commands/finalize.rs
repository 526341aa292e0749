//! `finalize`: gives a customer's month its bill for good.

use crate::args::{Args, Finalize};
use crate::failure::Failure;
use crate::gateway::{Missing, open};
use crate::output;

pub(crate) fn run(args: &Args, asked: &Finalize) -> Result<(), Failure> {
    let month = asked.month.parse()?;
    let gateway = open(args, Missing::Refuse)?;
    let done = gateway.finalize(&asked.customer, month, asked.force);
    gateway.close()?;
    let done = done?;
    if args.json {
        return output::json(&done);
    }
    let bill = &done.bill;
    let number = bill.number.as_deref().unwrap_or_default();
    let mut text = format!(
        "Finalized bill {number} of {} for {}: {}. It is never changed again.\n",
        bill.customer.name, bill.month, bill.total_formatted
    );
    for note in &done.credit_notes {
        text.push_str(&format!(
            "Credit note {} of bill {}: {} {} less, because {}.\n",
            note.number, note.bill, note.currency, note.amount, note.reason
        ));
    }
    output::write(&text)
}
