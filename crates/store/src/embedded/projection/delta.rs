//! What a stretch of the log added to the projections, and the stored form of its claims.

use super::claims::{ClaimEntry, Claims};
use super::corrections::Fate;
use super::rollup::CellKey;
use crate::format::codec::{Malformed, Put, Take};
use usage_domain::meter::aggregate::State;
use usage_domain::usage::Totals;

/// Changes since the last checkpoint.
#[derive(Default)]
pub(crate) struct Delta {
    pub(crate) usage: UsageDelta,
    pub(crate) claims: Vec<ClaimEntry>,
}

/// Changes of the roll-ups. One entry per change: adding them up can wait for the checkpoint.
#[derive(Default)]
pub(crate) struct UsageDelta {
    pub(crate) charges: Vec<(CellKey, Totals)>,
    pub(crate) metered: Vec<(CellKey, State)>,
    /// What became of events, in the order in which it did.
    pub(crate) corrections: Vec<(u64, Fate)>,
}

impl UsageDelta {
    /// Puts earlier changes before these.
    pub(crate) fn follow(&mut self, mut earlier: UsageDelta) {
        earlier.charges.append(&mut self.charges);
        earlier.metered.append(&mut self.metered);
        earlier.corrections.append(&mut self.corrections);
        *self = earlier;
    }
}

/// The stored form of claims: entries of 16 bytes by hash.
pub(crate) fn encode_claims(claims: &mut [ClaimEntry]) -> Vec<u8> {
    // Two stretches that are merged are sorted each: a sort that sees that is a merge.
    claims.sort();
    let mut out = Vec::with_capacity(claims.len() * 16);
    for claim in claims {
        out.put_u64(claim.hash);
        out.put_u64(claim.sequence);
    }
    out
}

fn read_claims(bytes: &[u8]) -> Result<Vec<ClaimEntry>, Malformed> {
    let mut take = Take(bytes);
    let mut claims = Vec::with_capacity(bytes.len() / 16);
    while !take.0.is_empty() {
        claims.push(ClaimEntry { hash: take.u64()?, sequence: take.u64()? });
    }
    Ok(claims)
}

/// Adds stored claims to the index.
pub(crate) fn load_claims(bytes: &[u8], claims: &mut Claims) -> Result<(), Malformed> {
    let entries = read_claims(bytes)?;
    claims.reserve(entries.len());
    entries.into_iter().for_each(|entry| claims.insert(entry));
    Ok(())
}

/// The stored form of stretches of claims that follow each other.
pub(crate) fn merge_claims(stretches: &[Vec<u8>]) -> Result<Vec<u8>, Malformed> {
    let mut claims = Vec::new();
    for bytes in stretches {
        claims.extend(read_claims(bytes)?);
    }
    Ok(encode_claims(&mut claims))
}
