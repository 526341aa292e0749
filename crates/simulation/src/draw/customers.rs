//! Customers: names that are free, names that are taken, subjects that change hands.

use super::{SUBJECTS, times};
use crate::dice::Dice;
use crate::model::catalog::Catalog;
use usage_domain::currency::Currency;
use usage_domain::customer::{Customer, CustomerDraft, CustomerId, CustomerRef, Profile};

/// What is said of a customer; of `before`, when it is changed.
pub(crate) fn draft(dice: &mut Dice, catalog: &Catalog, before: Option<&Customer>) -> CustomerDraft {
    let named = dice.percent(40).then(|| dice.between(0, 12));
    let number = match before {
        Some(before) if dice.percent(95) => named.map(|_| before.number),
        _ => named,
    };
    let names = ["Alice", "Bob", "Ünal & Söhne", "", "  "];
    let usable = if dice.percent(3) { 5 } else { 3 };
    let name = *dice.pick(&names[..usable]);
    let code = *dice.pick(&["USD", "USD", "EUR", "JPY", "KWD"]);
    CustomerDraft {
        number,
        key: dice.percent(50).then(|| free(dice, catalog, before)),
        name: name.to_string(),
        currency: code.parse().unwrap_or(Currency::USD),
        zone: times::zone(dice),
        subjects: (0..dice.below(4)).map(|_| free(dice, catalog, before)).collect(),
        profile: Profile {
            description: dice.percent(20).then(|| "what for".to_string()),
            primary_email: dice.percent(20).then(|| "a@example.org".to_string()),
            billing_address: dice.percent(10).then(|| "{\"city\":\"Kathmandu\"}".to_string()),
            metadata: dice.percent(10).then(|| "{\"a\":[1,2]}".to_string()),
        },
    }
}

/// A subject, most often one that nobody else pays for now.
fn free(dice: &mut Dice, catalog: &Catalog, before: Option<&Customer>) -> String {
    let own = before.map(|customer| customer.number);
    let is_free = |subject: &&str| {
        let ends = usage_domain::time::Timestamp::MAX;
        let mut taken = catalog.live().filter(|c| Some(c.number) != own);
        !taken.any(|c| catalog.payments(c.number).any(|p| p.subject == **subject && p.until == ends))
    };
    let free: Vec<&str> = SUBJECTS.iter().copied().filter(|subject| is_free(subject)).collect();
    let from = if free.is_empty() || dice.percent(10) { &SUBJECTS[..] } else { &free[..] };
    (*dice.pick(from)).to_string()
}

/// An id that nobody had.
pub(crate) fn id(dice: &mut Dice) -> CustomerId {
    CustomerId((u128::from(dice.next()) << 64 | u128::from(dice.next())).into())
}

/// A name of some customer, or of none.
pub(crate) fn name(dice: &mut Dice, catalog: &Catalog) -> CustomerRef {
    let live: Vec<&Customer> = catalog.live().collect();
    if live.is_empty() || dice.percent(3) {
        return CustomerRef::Any((*dice.pick(&["404", "nobody", "7", "acme"])).to_string());
    }
    let customer = dice.pick(&live);
    match (dice.below(5), &customer.key) {
        (0, Some(key)) => CustomerRef::Key(key.clone()),
        (1, Some(key)) => CustomerRef::Any(key.clone()),
        (2, _) => CustomerRef::Id(customer.id),
        (3, _) => CustomerRef::Any(customer.number.to_string()),
        _ => CustomerRef::Number(customer.number),
    }
}
