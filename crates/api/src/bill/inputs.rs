//! What a finalized bill keeps for ever, as JSON: everything that was agreed when it was made, exactly. With
//! the log up to the bill's position it says what the bill must come to, so that the bill can be made again
//! and compared.
//!
//! Nothing is left out because it could be looked up: plans, meters and customers change afterwards.

mod read;
mod write;

use crate::fields::Fields;
use crate::problem::FieldError;
use usage_domain::bill::Inputs;
use usage_domain::customer::PaidSubject;
use usage_domain::meter::Meter;

/// Everything that a bill is made from, but the events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillInputs {
    /// What was agreed.
    pub inputs: Inputs,
    /// Whose usage the customer paid for, and when.
    pub subjects: Vec<PaidSubject>,
    /// The meters of the plans' items, as they were.
    pub meters: Vec<Meter>,
}

impl BillInputs {
    /// As JSON.
    #[must_use]
    pub fn text(&self) -> String {
        crate::stored::text(&write::Document::from(self))
    }

    /// Reads what [`BillInputs::text`] wrote.
    ///
    /// # Errors
    /// The property that is missing or unusable.
    pub fn read(text: &str) -> Result<BillInputs, FieldError> {
        read::document(&Fields::read("", text)?)
    }
}
