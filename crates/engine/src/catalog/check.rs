//! What of a catalog cannot be done, by the same rules as when it is done: found before anything is.
//!
//! Owns what only the store knows, or what two elements of the file are to each other; what a file says
//! wrong by itself is found where it is read, and what differs from what never changes in `diff`.

use super::apply::{draft_of, draft_on, overlaid, settings_as};
use crate::billing::{check_settings, check_subscription};
use crate::{Engine, EngineError};
use std::collections::HashMap;
use ulid::Ulid;
use usage_api::catalog::{self, Catalog, Change, Kind, Step};
use usage_api::problem::FieldError;
use usage_domain::coupon::MAX_APPLIED;
use usage_domain::customer::{Customer, CustomerDraft, CustomerId, CustomerRef, InvalidCustomer};
use usage_domain::meter::MAX_METERS;
use usage_domain::plan::Plan;
use usage_domain::subscription::SubscriptionId;
use usage_domain::time::Timestamp;

/// What is looked at, and what was found.
struct Checking<'a> {
    current: &'a Catalog,
    wanted: &'a Catalog,
    now: Timestamp,
    /// Who of the file has a subject, by the place in the file.
    subjects: HashMap<&'a str, usize>,
    wrong: Vec<FieldError>,
}

impl Engine {
    /// What of the changes cannot be done.
    pub(super) async fn undoable(
        &self,
        current: &Catalog,
        wanted: &Catalog,
        changes: &[Change],
        now: Timestamp,
    ) -> Result<Vec<FieldError>, EngineError> {
        let mut checking = Checking { current, wanted, now, subjects: HashMap::new(), wrong: Vec::new() };
        let new_meters = changes.iter().filter(|change| change.kind == Kind::Meter && change.created).count();
        if current.meters.len() + new_meters > MAX_METERS {
            checking
                .refuse("meters", format!("there may be {MAX_METERS} meters at most, with those there are"));
        }
        for change in changes {
            match change.kind {
                Kind::Settings => {
                    let settings = settings_as(self.settings().await?, &wanted.settings);
                    if let Err(invalid) = check_settings(&settings) {
                        checking.refuse(&format!("settings.{}", invalid.field), invalid.reason);
                    }
                }
                Kind::Customer => self.check_customer(change, &mut checking).await?,
                Kind::Meter | Kind::Tax | Kind::Coupon | Kind::Plan => {}
            }
        }
        Ok(checking.wrong)
    }

    async fn check_customer(&self, change: &Change, checking: &mut Checking<'_>) -> Result<(), EngineError> {
        let wanted: &catalog::Customer = &checking.wanted.customers[change.place];
        let at = |field: &str| format!("customers[{}].{field}", change.place);
        let there = self.find_customer(wanted).await?;
        let before = there.as_ref().map_or_else(|| CustomerDraft::named(&wanted.name), draft_of);
        let draft = overlaid(before, wanted);
        if let Err(InvalidCustomer::Field { field, reason }) = draft.check() {
            let field = if field == "usageAttribution.subjectKeys" { "subjects" } else { field };
            checking.refuse(&at(field), reason);
        }
        let own = there.as_ref().map(|customer| customer.id);
        if let Some(number) = wanted.number
            && let Some(other) = self.store.customer(&CustomerRef::Number(number)).await?
            && Some(other.id) != own
        {
            checking
                .refuse(&at("number"), format!("{number} is that of another customer: {}", named(&other)));
        }
        self.check_subjects(change.place, own, checking).await?;
        let there = match there {
            Some(there) => Customer { currency: draft.currency, zone: draft.zone, ..there },
            None => unmade(draft, checking.now),
        };
        self.check_agreements(change, &there, own.is_some(), checking).await
    }

    /// That nobody else pays for the subjects of a customer.
    async fn check_subjects(
        &self,
        place: usize,
        own: Option<CustomerId>,
        checking: &mut Checking<'_>,
    ) -> Result<(), EngineError> {
        let customer: &catalog::Customer = &checking.wanted.customers[place];
        let key = customer.key.iter().map(|key| (format!("customers[{place}].key"), key.as_str()));
        let listed = customer.subjects.iter().flatten().enumerate();
        let listed =
            listed.map(|(at, subject)| (format!("customers[{place}].subjects[{at}]"), subject.as_str()));
        let all: Vec<(String, &str)> = key.chain(listed).collect();
        let subjects = all.iter().map(|(_, subject)| (*subject).to_string()).collect();
        let payers = self.store.payers(subjects).await?;
        for ((field, subject), payers) in all.into_iter().zip(payers) {
            let open = payers.iter().find(|(period, _)| period.end == Timestamp::MAX);
            if let Some((_, payer)) = open.filter(|(_, payer)| Some(*payer) != own) {
                let payer = self.store.customer(&CustomerRef::Id(*payer)).await?;
                let payer = payer.map_or_else(String::new, |payer| format!(": {}", named(&payer)));
                checking.refuse(&field, format!("another customer pays for {subject:?}{payer}"));
            } else if let Some(other) =
                checking.subjects.insert(subject, place).filter(|other| *other != place)
            {
                checking.refuse(&field, format!("customers[{other}] pays for {subject:?} already"));
            }
        }
        Ok(())
    }

    /// That a customer can be given its coupons, and be on its plans.
    async fn check_agreements(
        &self,
        change: &Change,
        customer: &Customer,
        is_there: bool,
        checking: &mut Checking<'_>,
    ) -> Result<(), EngineError> {
        let (wanted, place): (&catalog::Customer, usize) =
            (&checking.wanted.customers[change.place], change.place);
        let (account, mut others) = match is_there {
            true => (Some(self.account(customer.id).await?), self.subscriptions(customer.id).await?),
            false => (None, Vec::new()),
        };
        let mut coupons = account.map_or(0, |account| account.coupons.len());
        for step in &change.steps {
            match step {
                Step::GiveCoupon(given) => {
                    coupons += 1;
                    if coupons > MAX_APPLIED {
                        let at = wanted.coupons.iter().position(|other| other == given).unwrap_or(0);
                        let reason = format!("a customer may have {MAX_APPLIED} coupons, and no more");
                        checking.refuse(&format!("customers[{place}].coupons[{at}]"), reason);
                    }
                }
                Step::End { plan, start, end } => {
                    let at =
                        wanted.subscriptions.iter().position(|on| on.plan == *plan && on.end == Some(*end));
                    let found = others.iter_mut().find(|other| other.plan == *plan && other.start == *start);
                    let (Some(found), Some(plan)) = (found, checking.plan(plan)) else { continue };
                    found.end = Some(*end);
                    if let Err(invalid) = found.check(plan) {
                        let at = at.unwrap_or(0);
                        let field = format!("customers[{place}].subscriptions[{at}].{}", invalid.field);
                        checking.refuse(&field, invalid.reason);
                    }
                }
                Step::Subscribe(on) => {
                    let at = wanted.subscriptions.iter().position(|other| *other == **on).unwrap_or(0);
                    let Some(plan) = checking.plan(&on.plan) else { continue };
                    // Each has another id.
                    let id = SubscriptionId(Ulid::from(others.len() as u128));
                    let subscription = draft_on(on).made(customer.id, id, checking.now);
                    if let Err(invalid) = check_subscription(customer, plan, &subscription, &others) {
                        let field = format!("customers[{place}].subscriptions[{at}].{}", invalid.field);
                        checking.refuse(&field, invalid.reason);
                    }
                    others.push(subscription);
                }
                Step::Create | Step::Update | Step::SetTaxes(_) => {}
            }
        }
        Ok(())
    }
}

impl<'a> Checking<'a> {
    fn refuse(&mut self, field: &str, reason: String) {
        self.wrong.push(FieldError { field: field.to_string(), reason });
    }

    /// A plan as it is to be.
    fn plan(&self, key: &str) -> Option<&'a Plan> {
        self.wanted.plans.iter().chain(&self.current.plans).find(|plan| plan.key == key)
    }
}

/// A customer as people know it.
fn named(customer: &Customer) -> String {
    let key = customer.key.as_ref().map_or_else(|| customer.number.to_string(), Clone::clone);
    format!("{key} ({})", customer.name)
}

/// A customer that is not there yet.
fn unmade(draft: CustomerDraft, now: Timestamp) -> Customer {
    Customer {
        id: CustomerId(Ulid::nil()),
        number: draft.number.unwrap_or(0),
        key: draft.key,
        name: draft.name,
        currency: draft.currency,
        zone: draft.zone,
        subjects: draft.subjects,
        profile: draft.profile,
        created_at: now,
        updated_at: now,
    }
}
