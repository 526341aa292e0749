//! Why a bill has no such form.

use usage_domain::decimal::DecimalError;

/// Why a bill has no such form.
#[derive(Debug, thiserror::Error)]
pub enum FaceError {
    /// A text where a figure must be.
    #[error("{bill}: {field} is {text:?}, and that is no figure")]
    NoFigure {
        /// Which bill.
        bill: String,
        /// Which of its figures.
        field: &'static str,
        /// What stands there.
        text: String,
    },
    /// Figures that do not fit.
    #[error("{bill}: {reason}")]
    Amount {
        /// Which bill.
        bill: String,
        /// What does not fit.
        reason: DecimalError,
    },
    /// Rows that do not add up to what is owed. Such an export is not to be used.
    #[error("{bill}: its rows add up to {rows}, and its total is {total}")]
    Sum {
        /// Which bill.
        bill: String,
        /// What its rows add up to.
        rows: String,
        /// What it says.
        total: String,
    },
    /// The rows cannot be written to where they go.
    #[error("cannot write the export: {0}")]
    Write(#[from] std::io::Error),
}

impl From<csv::Error> for FaceError {
    fn from(error: csv::Error) -> FaceError {
        FaceError::Write(error.into())
    }
}
