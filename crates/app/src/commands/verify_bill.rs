//! `verify-bill`: makes a finalized bill again from the log, and compares.

use crate::args::{Args, BillName};
use crate::failure::Failure;
use crate::gateway::{Missing, open};
use crate::output;
use crate::output::{counted, progress};

pub(crate) fn run(args: &Args, asked: &BillName) -> Result<(), Failure> {
    let gateway = open(args, Missing::Refuse)?;
    let spinner = progress::spinner("Making the bill again from the log…");
    let proof = gateway.verify_bill(&asked.bill);
    spinner.finish_and_clear();
    let proof = proof?;
    if args.json {
        output::json(&proof)?;
    } else if proof.agrees {
        output::write(&format!(
            "Bill {} is proven: made again from the log up to position {}, and from what was agreed then, it \
             comes to {} again.\n",
            proof.number, proof.position, proof.total
        ))?;
    } else {
        output::write(&format!("{}\n", proof.differences.join("\n")))?;
    }
    if proof.agrees {
        return Ok(());
    }
    let count = counted(proof.differences.len() as u64, "difference");
    Err(Failure::verification(format!(
        "bill {} has {count} from the log: {} on the bill, {} by the log; nothing was changed",
        proof.number, proof.total, proof.recomputed_total
    ))
    .next("'usage_app verify' says whether the log is sound."))
}
