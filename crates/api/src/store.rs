//! The care of the store: what verifying and rebuilding found.

use serde::{Deserialize, Serialize};
use usage_domain::{care, usage};

/// What a walk through the whole log found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifyReport {
    /// Whether everything agrees.
    pub ok: bool,
    /// The log position that was compared.
    pub position: String,
    /// Events read from the log.
    pub events: u64,
    /// Records (groups of events committed together) whose checksum was checked.
    pub records: u64,
    /// Bytes of log.
    pub bytes: u64,
    /// Totals of usage that were recounted from the log and compared.
    pub totals: u64,
    /// What does not agree, and where.
    pub problems: Vec<String>,
}

/// What making the projections anew did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RebuildReport {
    /// The log position that the projections include now.
    pub position: String,
    /// Events read from the log.
    pub events: u64,
    /// Totals of usage made.
    pub totals: u64,
}

/// Usage at times when no customer pays for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Unpaid {
    /// The first subjects that have some, by name.
    pub items: Vec<UnpaidSubject>,
    /// How many subjects there are besides.
    pub more: u64,
    /// The events of all of them.
    pub events: u64,
}

/// A subject with usage at times when no customer pays for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnpaidSubject {
    /// The subject of the events.
    pub subject: String,
    /// How many events count then: charges, and for each type of events the most that a meter of them counts.
    pub events: u64,
}

impl From<usage::Unpaid> for Unpaid {
    fn from(unpaid: usage::Unpaid) -> Unpaid {
        let subject = |of: usage::UnpaidSubject| UnpaidSubject { subject: of.subject, events: of.events };
        Unpaid {
            items: unpaid.subjects.into_iter().map(subject).collect(),
            more: unpaid.more,
            events: unpaid.events,
        }
    }
}

impl From<care::VerifyReport> for VerifyReport {
    fn from(report: care::VerifyReport) -> VerifyReport {
        VerifyReport {
            ok: report.problems.is_empty(),
            position: report.position.to_string(),
            events: report.events,
            records: report.records,
            bytes: report.bytes,
            totals: report.totals,
            problems: report.problems,
        }
    }
}

impl From<care::RebuildReport> for RebuildReport {
    fn from(report: care::RebuildReport) -> RebuildReport {
        RebuildReport { position: report.position.to_string(), events: report.events, totals: report.totals }
    }
}
