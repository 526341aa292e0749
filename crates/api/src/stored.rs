//! Billing documents as the store keeps them: JSON in exactly the form of the wire.
//!
//! Every document is read as strictly as a request: what is kept for ever and read wrongly would bill
//! something else. What is written is read back as the same thing.

use crate::fields::Fields;
use crate::problem::FieldError;
use crate::{account, coupon, grant, plan, subscription, tax};
use serde::Serialize;
use usage_domain::account::Account;
use usage_domain::coupon::Coupon;
use usage_domain::credit::Grant;
use usage_domain::plan::Plan;
use usage_domain::subscription::Subscription;
use usage_domain::tax::Tax;

/// The JSON of a document.
pub(crate) fn text(document: &impl Serialize) -> String {
    // Texts, lists and maps with texts as keys: nothing that JSON does not have.
    serde_json::to_string(document).unwrap_or_default()
}

/// A plan as JSON.
#[must_use]
pub fn plan_text(plan: &Plan) -> String {
    text(&plan::Plan::from(plan))
}

/// Reads a plan; a request for one has the same form. Versions are put in order, and numbered where they
/// have no number.
///
/// # Errors
/// The property that is missing or unusable, with its value and what would be right.
pub fn plan(text: &str) -> Result<Plan, FieldError> {
    plan::plan(&Fields::read("", text)?)
}

/// A subscription as JSON.
#[must_use]
pub fn subscription_text(subscription: &Subscription) -> String {
    text(&subscription::Subscription::from(subscription))
}

/// Reads a subscription. What it is made from is read by [`subscription::read_input`].
///
/// # Errors
/// The property that is missing or unusable, with its value and what would be right.
pub fn subscription(text: &str) -> Result<Subscription, FieldError> {
    subscription::subscription(&Fields::read("", text)?)
}

/// A tax as JSON.
#[must_use]
pub fn tax_text(tax: &Tax) -> String {
    text(&tax::Tax::from(tax))
}

/// Reads a tax; a request for one has the same form.
///
/// # Errors
/// The property that is missing or unusable, with its value and what would be right.
pub fn tax(text: &str) -> Result<Tax, FieldError> {
    tax::tax(&Fields::read("", text)?)
}

/// A coupon as JSON.
#[must_use]
pub fn coupon_text(coupon: &Coupon) -> String {
    text(&coupon::Coupon::from(coupon))
}

/// Reads a coupon; a request for one has the same form.
///
/// # Errors
/// The property that is missing or unusable, with its value and what would be right.
pub fn coupon(text: &str) -> Result<Coupon, FieldError> {
    coupon::coupon(&Fields::read("", text)?)
}

/// A grant as JSON.
#[must_use]
pub fn grant_text(grant: &Grant) -> String {
    text(&grant::Grant::from(grant))
}

/// Reads a grant. What it is made from is read by [`grant::read_input`].
///
/// # Errors
/// The property that is missing or unusable, with its value and what would be right.
pub fn grant(text: &str) -> Result<Grant, FieldError> {
    grant::grant(&Fields::read("", text)?)
}

/// An account as JSON.
#[must_use]
pub fn account_text(account: &Account) -> String {
    text(&account::Account::from(account))
}

/// Reads an account.
///
/// # Errors
/// The property that is missing or unusable, with its value and what would be right.
pub fn account(text: &str) -> Result<Account, FieldError> {
    account::account(&Fields::read("", text)?)
}
