//! How much was exercised.

use std::fmt;

macro_rules! stats {
    ($($(#[$doc:meta])* $name:ident: $words:literal),* $(,)?) => {
        /// How much was exercised.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct Stats { $($(#[$doc])* pub $name: u64),* }

        impl Stats {
            /// Adds another run's figures.
            pub fn add(&mut self, other: &Stats) {
                $(self.$name += other.$name;)*
            }

            /// Each figure with its words.
            #[must_use]
            pub fn figures(&self) -> Vec<(&'static str, u64)> {
                vec![$(($words, self.$name)),*]
            }
        }
    };
}

stats! {
    /// Steps taken.
    steps: "steps",
    /// Events sent.
    sent: "events sent",
    /// Events that were new.
    accepted: "accepted",
    /// Events that were known.
    duplicates: "duplicates",
    /// Events whose name was known with other content.
    conflicts: "conflicts",
    /// Events of which the data is no JSON, or that correct nothing.
    rejected: "rejected",
    /// Events that took another back.
    voids: "voids",
    /// Events that gave another new data.
    amendments: "amendments",
    /// Requests of which the members were noted as they were read.
    noted: "requests with noted members",
    /// Requests that were refused because more would wait than may.
    overloaded: "overloaded",
    /// Requests that a failing disk refused.
    refused: "refused by the disk",
    /// Steps of a disk that failed, and connections that were lost.
    faults: "failed disk steps or lost connections",
    /// Processes that died, at a step or between two.
    crashes: "crashes",
    /// Of these: within a step of ingest, checkpoint or catalog.
    crashes_within: "crashes within a disk step",
    /// Last writes that a crash tore.
    torn: "torn last writes",
    /// Checkpoint files that a crash took or spoiled.
    spoiled: "spoiled checkpoints",
    /// Requests without an answer that were there after a crash.
    survived: "unanswered requests that survived",
    /// Groups of requests that were committed together.
    groups: "groups of requests",
    /// Bills that were compared.
    bills: "bills compared",
    /// Postings made or found.
    posts: "postings",
    /// Listings that were compared.
    listings: "listings compared",
    /// Customers made, changed or ended.
    customers: "changes of customers",
    /// Meters made, changed or ended.
    meters: "changes of meters",
    /// Questions to meters of which the answers were compared.
    questions: "questions to meters",
    /// Rows of these answers.
    rows: "rows of meters",
    /// Questions that have no answer.
    unanswerable: "questions without an answer",
    /// Events that a meter could not use, each time that they were listed.
    unusable: "events that meters cannot use",
    /// Times that others did something while a meter's earlier usage was added up.
    covering: "meters covered beside others",
    /// Times that the store was closed and opened, without a crash.
    reopened: "reopened",
    /// Requests that two nodes were sent at the same time.
    raced: "requests to two nodes at once",
    /// Times that the database did not answer for a while.
    away: "times that the database was away",
    /// Comparisons of everything.
    checks: "full comparisons",
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<_> =
            self.figures().iter().map(|(words, figure)| format!("{figure} {words}")).collect();
        f.write_str(&shown.join(", "))
    }
}
