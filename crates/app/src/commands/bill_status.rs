//! `void` and `pay`: what may still happen to a finalized bill.

use crate::args::{Args, BillName};
use crate::failure::Failure;
use crate::gateway::{Missing, open};
use crate::output;

pub(crate) fn void(args: &Args, asked: &BillName) -> Result<(), Failure> {
    let gateway = open(args, Missing::Refuse)?;
    let bill = gateway.void_bill(&asked.bill);
    gateway.close()?;
    let bill = bill?;
    let text = format!(
        "Bill {} of {} is void. Its number stays its own; {} is open again.",
        bill.number.as_deref().unwrap_or_default(),
        bill.customer.name,
        bill.month
    );
    output::either(args.json, &bill, &text)
}

pub(crate) fn pay(args: &Args, asked: &BillName) -> Result<(), Failure> {
    let gateway = open(args, Missing::Refuse)?;
    let bill = gateway.pay_bill(&asked.bill);
    gateway.close()?;
    let bill = bill?;
    let text = format!(
        "Bill {} of {} is paid: {}.",
        bill.number.as_deref().unwrap_or_default(),
        bill.customer.name,
        bill.total_formatted
    );
    output::either(args.json, &bill, &text)
}
