//! Documents: what billing keeps, as text that no store looks into.
//!
//! A document has a kind, an id that is its own within the kind, perhaps an owner, and a revision, which no
//! document of the store ever had before: whoever writes says which revision was read.

use crate::StoreError;
use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;
use usage_domain::customer::CustomerId;

/// What a document is. In the order of the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A customer's own taxes and coupons.
    Account,
    /// What a customer owes for a period.
    Bill,
    /// The last of some numbers that have no gaps.
    Counter,
    /// Something taken off a bill.
    Coupon,
    /// What is taken back of a bill.
    CreditNote,
    /// Credits given to a customer.
    Grant,
    /// Which months of a customer are billed, and by what.
    History,
    /// What a bill was made from.
    Input,
    /// Prices under a name.
    Plan,
    /// A choice that holds for all.
    Setting,
    /// That a customer is on a plan.
    Subscription,
    /// A tax, and who pays it.
    Tax,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 12] = [
        Kind::Account,
        Kind::Bill,
        Kind::Counter,
        Kind::Coupon,
        Kind::CreditNote,
        Kind::Grant,
        Kind::History,
        Kind::Input,
        Kind::Plan,
        Kind::Setting,
        Kind::Subscription,
        Kind::Tax,
    ];

    /// Its name, also in the tables of the stores.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Account => "account",
            Kind::Bill => "bill",
            Kind::Counter => "counter",
            Kind::Coupon => "coupon",
            Kind::CreditNote => "credit_note",
            Kind::Grant => "grant",
            Kind::History => "history",
            Kind::Input => "input",
            Kind::Plan => "plan",
            Kind::Setting => "setting",
            Kind::Subscription => "subscription",
            Kind::Tax => "tax",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// There is no kind of this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no kind of documents with this name")]
pub struct UnknownKind;

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Kind, UnknownKind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name).ok_or(UnknownKind)
    }
}

/// A document as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it is.
    pub kind: Kind,
    /// Its own within the kind.
    pub id: String,
    /// The customer whose it is. It outlives the customer.
    pub owner: Option<CustomerId>,
    /// Another one for every write.
    pub revision: u64,
    /// Its text.
    pub body: String,
}

/// A document as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentWrite {
    /// What it is.
    pub kind: Kind,
    /// Its own within the kind: 1 to [`DocumentWrite::MAX_ID`] bytes.
    pub id: String,
    /// The customer whose it is; nobody checks that there is one.
    pub owner: Option<CustomerId>,
    /// Its text, of at most [`DocumentWrite::MAX_BODY`] bytes; nothing deletes it.
    pub body: Option<String>,
    /// What must be there now.
    pub expect: Expect,
}

/// What must be there for a document to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// No document of this kind and id.
    Absent,
    /// The document in this revision.
    Revision(u64),
    /// Whatever is there, or nothing.
    Any,
}

impl Expect {
    /// Whether it is there: the document in this revision, or none.
    pub(crate) fn holds(self, found: Option<u64>) -> bool {
        match self {
            Expect::Absent => found.is_none(),
            Expect::Revision(revision) => found == Some(revision),
            Expect::Any => true,
        }
    }
}

impl DocumentWrite {
    /// Bytes of an id.
    pub const MAX_ID: usize = 256;
    /// Bytes of a body.
    pub const MAX_BODY: usize = 16 << 20;
    /// Documents that are written together.
    pub const MAX_TOGETHER: usize = 10_000;
    /// Bytes of bodies that are written together.
    pub const MAX_BYTES: usize = 64 << 20;

    pub(crate) fn stale(&self) -> StoreError {
        StoreError::Stale { kind: self.kind, id: self.id.clone() }
    }

    /// What is wrong with it by itself.
    fn fault(&self) -> Option<String> {
        let body = self.body.as_deref().unwrap_or_default();
        if self.id.is_empty() {
            return Some(format!("a {} needs an id", self.kind));
        }
        if self.id.len() > DocumentWrite::MAX_ID {
            return Some(format!("the id of a {} has at most {} bytes", self.kind, DocumentWrite::MAX_ID));
        }
        if body.len() > DocumentWrite::MAX_BODY {
            let (kind, id, most) = (self.kind, &self.id, DocumentWrite::MAX_BODY);
            return Some(format!("{kind} \"{id}\" has {} bytes, more than {most}", body.len()));
        }
        // PostgreSQL has no text with it, and JSON has none either.
        if self.id.contains('\0') || body.contains('\0') {
            return Some(format!("a {} has the character U+0000", self.kind));
        }
        None
    }
}

/// Checks that documents can be written together.
pub(crate) fn check(writes: &[DocumentWrite]) -> Result<(), StoreError> {
    if writes.len() > DocumentWrite::MAX_TOGETHER {
        let most = DocumentWrite::MAX_TOGETHER;
        return Err(StoreError::Limit(format!("at most {most} documents are written together")));
    }
    let mut named = HashSet::with_capacity(writes.len());
    for write in writes {
        if let Some(fault) = write.fault() {
            return Err(StoreError::Limit(fault));
        }
        if !named.insert((write.kind, write.id.as_str())) {
            return Err(StoreError::Limit(format!(
                "{} \"{}\" is written twice at once",
                write.kind, write.id
            )));
        }
    }
    let bytes: usize = writes.iter().filter_map(|write| write.body.as_ref()).map(String::len).sum();
    if bytes > DocumentWrite::MAX_BYTES {
        let most = DocumentWrite::MAX_BYTES;
        return Err(StoreError::Limit(format!("documents of at most {most} bytes are written together")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_by_their_names_and_are_in_the_order_of_the_names() {
        assert!(Kind::ALL.is_sorted() && Kind::ALL.is_sorted_by_key(|kind| kind.name()));
        for kind in Kind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
        }
        assert_eq!("Plan".parse::<Kind>(), Err(UnknownKind));
    }
}
