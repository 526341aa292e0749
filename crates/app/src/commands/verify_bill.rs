//! `verify-bill`: makes a finalized bill again from the log, and compares.

use crate::args::{Args, BillName};
use crate::failure::Failure;
use crate::gateway::{Missing, open};
use crate::output;
use crate::output::{counted, progress};
use usage_api::bill::BillProof;

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
    judge(&proof)
}

/// A bill that differs is a failure with an exit code of its own.
fn judge(proof: &BillProof) -> Result<(), Failure> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_that_differs_ends_with_exit_code_5() {
        let mut proof = BillProof {
            number: "INV-000001".into(),
            agrees: true,
            total: "8.00".into(),
            recomputed_total: "8.00".into(),
            position: "3".into(),
            differences: Vec::new(),
        };
        assert!(judge(&proof).is_ok());
        proof.agrees = false;
        proof.recomputed_total = "7.00".into();
        proof.differences.push("total: the bill has 8.00, and the log comes to 7.00".into());
        assert_eq!(judge(&proof).unwrap_err().code(), 5);
    }
}
