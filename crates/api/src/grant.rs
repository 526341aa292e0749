//! Credits on the wire and in the store.

use crate::fields::Fields;
use crate::problem::FieldError;
use crate::subscription::Made;
use serde::{Deserialize, Serialize};
use usage_domain::credit::{self, EntryKind, GrantId};
use usage_domain::currency::Currency;
use usage_domain::decimal::Decimal;
use usage_domain::money::Money;
use usage_domain::time::Zone;

/// The most entries of a grant: far more than bills can draw on it.
const MAX_ENTRIES: usize = 100_000;

/// What a grant is made from.
const INPUT: [&str; 6] = ["name", "amount", "currency", "priority", "effective_at", "expires_at"];

/// What a grant is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({
    "name": "Prepaid 2026", "amount": "500", "expires_at": "2027-01-01T00:00:00Z",
})))]
#[serde(deny_unknown_fields)]
pub struct GrantInput {
    /// What people call it.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    pub name: String,
    /// How much, in whole minor units of the currency.
    pub amount: String,
    /// ISO 4217; the customer's where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// 0 (where absent) is drawn first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(maximum = 1000))]
    pub priority: Option<u32>,
    /// It pays bills of periods that end after this moment. RFC 3339, or a date, which is midnight in the
    /// customer's time zone; now where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub effective_at: Option<String>,
    /// It pays no bills of periods that end after this moment; it never expires where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub expires_at: Option<String>,
}

/// Credit that a customer was granted, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Grant {
    /// A ULID.
    pub id: String,
    /// The id of the customer.
    pub customer: String,
    /// What people call it.
    pub name: String,
    /// What was granted, in the currency.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
    /// 0 is drawn first.
    pub priority: u32,
    /// It pays bills of periods that end after this moment, RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub effective_at: String,
    /// It pays no bills of periods that end after this moment, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub expires_at: Option<String>,
    /// Whether its amount has taxes in it, as that of a credit note and of a bill below zero: it pays bills
    /// after their taxes. Other credit pays before them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub after_taxes: bool,
    /// When it was made, RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// What is left of it: the sum of the entries.
    pub balance: String,
    /// What happened to it, oldest first.
    pub entries: Vec<GrantEntry>,
}

/// Something that happened to a grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GrantEntry {
    /// When, RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub at: String,
    /// `granted`; `drawn` by a bill; `returned`, because that bill was voided; or `voided`, which took back
    /// what was left.
    pub kind: String,
    /// The id of the bill that drew on it or was voided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill: Option<String>,
    /// By how much there is more of it; less, where below zero.
    pub amount: String,
}

/// Reads what a grant is made from. It is in `currency` where it names none, and has one entry.
///
/// # Errors
/// The property that is missing or unusable.
pub fn read_input(
    text: &str,
    made: Made<'_, GrantId>,
    currency: Currency,
) -> Result<credit::Grant, FieldError> {
    let fields = Fields::read("", text)?;
    fields.only(&INPUT)?;
    let mut grant = input(&fields, &made, currency)?;
    let entry = credit::Entry { at: made.now, kind: EntryKind::Granted, amount: grant.amount.amount };
    grant.add(entry).map_err(|invalid| fields.invalid(invalid))?;
    Ok(grant)
}

/// A grant without entries.
fn input(
    fields: &Fields<'_>,
    made: &Made<'_, GrantId>,
    currency: Currency,
) -> Result<credit::Grant, FieldError> {
    let currency = fields.parsed("currency")?.unwrap_or(currency);
    let grant = credit::Grant {
        id: made.id,
        customer: made.customer,
        name: fields.required_text("name")?,
        amount: Money { amount: fields.required("amount")?, currency },
        priority: fields.small("priority")?.unwrap_or(0),
        effective_at: fields.moment("effective_at", made.zone)?.unwrap_or(made.now),
        expires_at: fields.moment("expires_at", made.zone)?,
        after_taxes: false,
        created_at: made.now,
        entries: Vec::new(),
    };
    grant.check().map_err(|invalid| fields.invalid(invalid))?;
    Ok(grant)
}

/// A whole grant, as it is stored.
pub(crate) fn grant(fields: &Fields<'_>) -> Result<credit::Grant, FieldError> {
    fields.only(
        &[&["id", "customer", "created_at", "after_taxes", "balance", "entries"], &INPUT[..]].concat(),
    )?;
    let made = Made {
        id: fields.required_parsed("id")?,
        customer: fields.required_parsed("customer")?,
        zone: &Zone::utc(),
        now: fields.required_moment("created_at")?,
    };
    fields.required_moment("effective_at")?;
    let mut grant = input(fields, &made, fields.required_parsed("currency")?)?;
    grant.after_taxes = fields.boolean("after_taxes")?.unwrap_or(false);
    let entries = fields.objects("entries", MAX_ENTRIES)?.ok_or_else(|| fields.missing("entries"))?;
    for fields in entries {
        let entry = entry(&fields)?;
        grant.add(entry).map_err(|invalid| fields.invalid(invalid))?;
    }
    let (said, is) = (fields.required("balance")?, grant.balance().unwrap_or(Decimal::ZERO));
    if said != is {
        return Err(fields.wrong("balance", format!("must be the sum of the entries, {is}, not {said}")));
    }
    Ok(grant)
}

fn entry(fields: &Fields<'_>) -> Result<credit::Entry, FieldError> {
    fields.only(&["at", "kind", "bill", "amount"])?;
    let bill = || fields.required_text("bill");
    let kind = match fields.required_text("kind")?.as_str() {
        "granted" => EntryKind::Granted,
        "drawn" => EntryKind::Drawn(bill()?),
        "returned" => EntryKind::Returned(bill()?),
        "voided" => EntryKind::Voided,
        _ => return Err(fields.wrong("kind", "must be granted, drawn, returned or voided")),
    };
    if fields.has("bill") && matches!(kind, EntryKind::Granted | EntryKind::Voided) {
        return Err(fields.wrong("bill", "must be absent: no bill does this"));
    }
    Ok(credit::Entry { at: fields.required_moment("at")?, kind, amount: fields.required("amount")? })
}

impl From<&credit::Grant> for Grant {
    fn from(grant: &credit::Grant) -> Grant {
        Grant {
            id: grant.id.to_string(),
            customer: grant.customer.to_string(),
            name: grant.name.clone(),
            amount: grant.amount.amount.to_string(),
            currency: grant.amount.currency.to_string(),
            priority: grant.priority,
            effective_at: grant.effective_at.to_string(),
            expires_at: grant.expires_at.map(|time| time.to_string()),
            after_taxes: grant.after_taxes,
            created_at: grant.created_at.to_string(),
            // Entries that were added one by one have a sum.
            balance: grant.balance().unwrap_or(Decimal::ZERO).to_string(),
            entries: grant.entries.iter().map(GrantEntry::from).collect(),
        }
    }
}

impl From<&credit::Entry> for GrantEntry {
    fn from(entry: &credit::Entry) -> GrantEntry {
        let (kind, bill) = match &entry.kind {
            EntryKind::Granted => ("granted", None),
            EntryKind::Drawn(bill) => ("drawn", Some(bill)),
            EntryKind::Returned(bill) => ("returned", Some(bill)),
            EntryKind::Voided => ("voided", None),
        };
        GrantEntry {
            at: entry.at.to_string(),
            kind: kind.to_string(),
            bill: bill.cloned(),
            amount: entry.amount.to_string(),
        }
    }
}
