//! Proving a finalized bill: it is made again from the log up to its position and from what was agreed
//! then, and nothing else.

use super::recount::Evidence;
use crate::{Engine, EngineError};
use std::collections::BTreeMap;
use usage_api::bill::{Bill as Paper, BillProof, Line};
use usage_domain::bill::Bill;
use usage_domain::position::Position;

impl Engine {
    /// Makes a finalized bill again, from the log, and compares.
    ///
    /// # Errors
    /// No such bill, or a log that cannot be read.
    pub async fn verify_bill(&self, name: &str) -> Result<BillProof, EngineError> {
        let paper = self.finalized_bill(name).await?;
        let kept = self.inputs_of(paper.id.as_deref().unwrap_or_default()).await?;
        let until: Position = paper.position.parse().map_err(|error| {
            EngineError::broken("bill", paper.number.as_deref().unwrap_or_default(), error)
        })?;
        let meters: BTreeMap<_, _> =
            kept.meters.iter().map(|meter| (meter.draft.key.clone(), meter.clone())).collect();
        let evidence =
            Evidence { inputs: &kept.inputs, subjects: &kept.subjects, meters: &meters, until: &until };
        let measured = self.recount(&evidence).await?;
        let anew = Paper::open(&Bill::rate(&kept.inputs, measured)?)?;
        let differences = differences(&paper, &anew);
        Ok(BillProof {
            number: paper.number.unwrap_or_default(),
            agrees: differences.is_empty(),
            total: paper.total,
            recomputed_total: anew.total,
            position: paper.position,
            differences,
        })
    }
}

/// Where a bill differs from itself made again. What happened to it since is no difference.
fn differences(paper: &Paper, anew: &Paper) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, was: String, is: String| {
        if was != is {
            found.push(format!("{what}: the bill has {was}, and the log comes to {is}"));
        }
    };
    let by_key = |bill: &Paper| -> BTreeMap<String, Line> {
        bill.lines.iter().map(|line| (line.key.clone(), line.clone())).collect()
    };
    let (was, mut is) = (by_key(paper), by_key(anew));
    for (key, line) in was {
        match is.remove(&key) {
            None => compare(&key, line.amount, "no such line".to_string()),
            Some(other) if other != line => {
                compare(&format!("{key}, events"), line.events.to_string(), other.events.to_string());
                let shown =
                    |quantity: &Option<String>| quantity.clone().unwrap_or_else(|| "none".to_string());
                compare(&format!("{key}, quantity"), shown(&line.quantity), shown(&other.quantity));
                compare(&format!("{key}, exact amount"), line.exact_amount, other.exact_amount);
                compare(&format!("{key}, total"), line.total, other.total);
            }
            Some(_) => {}
        }
    }
    for (key, line) in is {
        compare(&key, "no such line".to_string(), line.amount);
    }
    let sums = |bill: &Paper| format!("{:?} {:?} {:?}", bill.discounts, bill.credits, bill.taxes);
    compare("discounts, credits and taxes", sums(paper), sums(anew));
    compare("exact total", paper.exact_total.clone(), anew.exact_total.clone());
    compare("total", paper.total.clone(), anew.total.clone());
    found
}
