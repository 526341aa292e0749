//! Credits: granting them, and taking back what is left. Bills draw on them when they are finalized.

use super::once::{Made, Once};
use super::records::{Kept, kept, put, was};
use crate::{Engine, EngineError};
use usage_api::stored;
use usage_domain::credit::{Entry, EntryKind, Grant, GrantId};
use usage_domain::customer::{Customer, CustomerId};
use usage_domain::money::Money;
use usage_domain::plan::InvalidPlan;
use usage_domain::time::Timestamp;
use usage_store::{DocumentWrite, Expect, Kind};

/// What a grant is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantDraft {
    /// What people call it.
    pub name: String,
    /// How much, in the customer's currency.
    pub amount: Money,
    /// 0 is drawn first.
    pub priority: u32,
    /// From when on; from the moment of the request where `None`.
    pub effective_at: Option<Timestamp>,
    /// Until when.
    pub expires_at: Option<Timestamp>,
}

impl Engine {
    /// A customer's credits with everything that happened to them, by id.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn grants(&self, customer: CustomerId) -> Result<Vec<Grant>, EngineError> {
        let documents = self.store.documents_of(customer, vec![Kind::Grant]).await?;
        documents.iter().map(|document| Ok(kept(document, stored::grant)?.value)).collect()
    }

    /// Grants a customer credit; the same request again, by its key, is answered with the credit that there
    /// is, as it is now.
    ///
    /// # Errors
    /// A credit of another currency, one that makes no sense, or the key of another request.
    pub async fn grant(
        &self,
        customer: &Customer,
        id: GrantId,
        draft: GrantDraft,
        once: Option<&Once>,
        now: Timestamp,
    ) -> Result<Grant, EngineError> {
        let of = Made { what: "credit", customer: customer.id };
        if let Some(made) = self.made_before(of, once).await? {
            return self.kept_grant(&made).await;
        }
        if draft.amount.currency != customer.currency {
            let reason = format!(
                "must be {}, which the customer is billed in, not {}; amounts of two currencies do not add",
                customer.currency, draft.amount.currency
            );
            return Err(InvalidPlan::new("currency", reason).into());
        }
        let grant = granted(customer.id, id, draft, now);
        grant.check()?;
        let own = id.to_string();
        let made = self.write_once(vec![write(&grant, Expect::Absent)], of, once, &own).await?;
        if made == own { Ok(grant) } else { self.kept_grant(&made).await }
    }

    async fn kept_grant(&self, id: &str) -> Result<Grant, EngineError> {
        let kept = self.record(Kind::Grant, id, stored::grant).await?;
        Ok(kept.ok_or_else(|| EngineError::missing("grant", id))?.value)
    }

    /// Takes back what is left of a grant.
    ///
    /// # Errors
    /// No such grant.
    pub async fn void_grant(
        &self,
        customer: CustomerId,
        id: GrantId,
        now: Timestamp,
    ) -> Result<Grant, EngineError> {
        let documents = self.store.documents_of(customer, vec![Kind::Grant]).await?;
        let grants: Vec<Kept<Grant>> =
            documents.iter().map(|document| kept(document, stored::grant)).collect::<Result<_, _>>()?;
        let found = grants.into_iter().find(|kept| kept.value.id == id);
        let found = found.ok_or_else(|| EngineError::missing("grant", &id.to_string()))?;
        let mut grant = found.value.clone();
        let left = grant.balance().map_err(|error| EngineError::broken("grant", id, error))?;
        if left.is_zero() {
            return Ok(grant);
        }
        grant.add(Entry { at: now, kind: EntryKind::Voided, amount: left.negate() })?;
        self.write(vec![write(&grant, was(Some(&found)))]).await?;
        Ok(grant)
    }
}

/// A grant of which nothing else has happened yet.
pub(crate) fn granted(customer: CustomerId, id: GrantId, draft: GrantDraft, now: Timestamp) -> Grant {
    let first = Entry { at: now, kind: EntryKind::Granted, amount: draft.amount.amount };
    Grant {
        id,
        customer,
        name: draft.name,
        amount: draft.amount,
        priority: draft.priority,
        effective_at: draft.effective_at.unwrap_or(now),
        expires_at: draft.expires_at,
        after_taxes: false,
        created_at: now,
        entries: vec![first],
    }
}

/// What a customer is owed: credit for exactly that, taxes included. It pays bills of months that end after
/// `since`, whenever they are finalized.
pub(crate) fn owed(
    customer: CustomerId,
    id: GrantId,
    (name, amount): (String, Money),
    since: Timestamp,
    now: Timestamp,
) -> Grant {
    let draft = GrantDraft { name, amount, priority: 0, effective_at: Some(since), expires_at: None };
    Grant { after_taxes: true, ..granted(customer, id, draft, now) }
}

/// The write that keeps a grant.
pub(crate) fn write(grant: &Grant, expect: Expect) -> DocumentWrite {
    put(Kind::Grant, grant.id.to_string(), Some(grant.customer), stored::grant_text(grant), expect)
}
