//! Which rows of a group are new: pure, between what is asked of the database.

use super::fingerprint::Fingerprint;
use super::request::Request;
use crate::embedded::writer::Fate;
use std::collections::HashMap;

/// The claims of a group, each once.
pub(super) struct Claims {
    /// All rows by fingerprint, then in the order sent: those of one claim follow each other.
    rows: Vec<ClaimedRow>,
    /// The claims in their order: every node takes them in the same one, so that none waits for
    /// another in a circle.
    pub(super) fingerprints: Vec<Fingerprint>,
    /// The content of the first row of each.
    pub(super) contents: Vec<i64>,
}

struct ClaimedRow {
    fingerprint: Fingerprint,
    request: usize,
    row: usize,
    content: u64,
}

impl Claims {
    pub(super) fn of(requests: &[Request]) -> Claims {
        let mut rows = Vec::with_capacity(requests.iter().map(|r| r.fingerprints.len()).sum());
        for (request, of_request) in requests.iter().enumerate() {
            let prints = of_request.fingerprints.iter().zip(of_request.prepared.rows());
            rows.extend(prints.enumerate().map(|(row, (fingerprint, stored))| ClaimedRow {
                fingerprint: *fingerprint,
                request,
                row,
                content: stored.content,
            }));
        }
        rows.sort_unstable_by_key(|row| (row.fingerprint, row.request, row.row));
        let firsts = rows.chunk_by(|a, b| a.fingerprint == b.fingerprint).map(|same| &same[0]);
        let (fingerprints, contents) =
            firsts.map(|first| (first.fingerprint, first.content.cast_signed())).unzip();
        Claims { rows, fingerprints, contents }
    }

    /// What becomes of every row, by request; `known` has the contents of claims that were stored
    /// before.
    pub(super) fn fates(&self, requests: &[Request], known: &HashMap<Fingerprint, u64>) -> Vec<Vec<Fate>> {
        let mut fates: Vec<Vec<Fate>> =
            requests.iter().map(|r| r.fingerprints.iter().map(|_| Fate::New).collect()).collect();
        for same in self.rows.chunk_by(|a, b| a.fingerprint == b.fingerprint) {
            let stored = known.get(&same[0].fingerprint);
            let repeats = if stored.is_some() { same } else { &same[1..] };
            let content = stored.copied().unwrap_or(same[0].content);
            for row in repeats {
                fates[row.request][row.row] = Fate::Known { content };
            }
        }
        fates
    }
}
