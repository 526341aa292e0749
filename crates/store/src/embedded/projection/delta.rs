//! What a stretch of the log added to the projections, and its stored form.

use super::claims::{ClaimEntry, Claims};
use super::rollup::{CellKey, RollUps, merge};
use super::slot::Slot;
use crate::embedded::codec::{Malformed, Put, Take};
use hashbrown::HashMap;
use std::collections::BTreeMap;
use usage_domain::charge::ChargeGroup;
use usage_domain::decimal::Decimal;
use usage_domain::usage::Totals;

/// Changes since the last checkpoint.
#[derive(Default)]
pub(crate) struct Delta {
    pub(crate) cells: HashMap<CellKey, Totals>,
    pub(crate) claims: Vec<ClaimEntry>,
}

impl Delta {
    pub(crate) fn add(&mut self, key: CellKey, totals: &Totals) {
        merge(self.cells.entry(key).or_default(), totals);
    }
}

/// Cells by name.
pub(crate) type Named = BTreeMap<(String, ChargeGroup, Slot), Totals>;

/// Adds cells under their names; these come from the roll-ups that the keys are of.
pub(crate) fn name_cells(cells: &[(CellKey, Totals)], rollups: &RollUps, named: &mut Named) {
    for (key, totals) in cells {
        let name = (rollups.subject(key.subject).clone(), rollups.group(key.group).clone(), key.slot);
        named.insert(name, *totals);
    }
}

/// The stored form of cells.
pub(crate) fn encode_cells(cells: &Named) -> Vec<u8> {
    let mut groups: BTreeMap<&ChargeGroup, u64> = cells.keys().map(|(_, group, _)| (group, 0)).collect();
    for (number, place) in groups.values_mut().enumerate() {
        *place = number as u64;
    }
    let mut out = Vec::new();
    out.put_var(groups.len() as u64);
    for group in groups.keys() {
        put_group(&mut out, group);
    }
    out.put_var(cells.len() as u64);
    let mut last = "";
    for ((subject, group, slot), totals) in cells {
        // A subject's cells follow each other: its name stands before the first of them.
        let again = subject == last && !subject.is_empty();
        out.push(u8::from(!again));
        if !again {
            out.put_text(subject);
            last = subject;
        }
        out.put_var(groups[group]);
        out.put_u32(slot.0);
        out.put_var(totals.changes);
        out.put_var(totals.events);
        out.put_decimal(totals.quantity);
        out.put_decimal(totals.amount);
    }
    out
}

fn put_group(out: &mut Vec<u8>, group: &ChargeGroup) {
    out.put_text(&group.service);
    let flags = [
        group.description.is_some(),
        group.unit.is_some(),
        group.unit_price.is_some(),
        group.currency.is_some(),
        group.has_quantity,
    ];
    out.push(flags.iter().enumerate().map(|(bit, set)| u8::from(*set) << bit).sum());
    for text in [&group.description, &group.unit].into_iter().flatten() {
        out.put_text(text);
    }
    if let Some(price) = group.unit_price {
        out.put_decimal(price);
    }
    if let Some(currency) = group.currency {
        out.put_text(currency.code());
    }
}

fn read_group(take: &mut Take<'_>) -> Result<ChargeGroup, Malformed> {
    let service = take.text()?.to_string();
    let flags = take.byte()?;
    let has = |bit: u8| flags >> bit & 1 == 1;
    let mut text = |there: bool| if there { take.text().map(|t| Some(t.to_string())) } else { Ok(None) };
    let (description, unit) = (text(has(0))?, text(has(1))?);
    let unit_price = if has(2) { Some(take.decimal()?) } else { None };
    let currency = if has(3) {
        Some(take.text()?.parse().map_err(|_| Malformed("a currency is unknown"))?)
    } else {
        None
    };
    Ok(ChargeGroup { service, description, unit, unit_price, currency, has_quantity: has(4) })
}

/// More changes of a cell than any log has.
const MOST_CHANGES: u64 = 1 << 48;

/// More than any cell adds up to: so that sums of stored cells always fit.
fn largest_total() -> Decimal {
    let figure = Decimal::new(1_000_000_000_000_000_000, 0);
    figure.mul(figure).unwrap_or(figure)
}

/// Calls `each` for every cell of a stored form.
fn read_cells(
    bytes: &[u8],
    mut each: impl FnMut(&String, &ChargeGroup, Slot, Totals),
) -> Result<(), Malformed> {
    let mut take = Take(bytes);
    let groups = (0..take.count()?).map(|_| read_group(&mut take)).collect::<Result<Vec<_>, _>>()?;
    let mut subject = String::new();
    let limit = largest_total();
    for _ in 0..take.count()? {
        if take.byte()? == 1 {
            subject = take.text()?.to_string();
        }
        let group = groups.get(take.size()?).ok_or(Malformed("a cell has a group that is not there"))?;
        let slot = Slot::stored(take.u32()?).ok_or(Malformed("a cell is of no time"))?;
        let (changes, events) = (take.var()?, take.var()?);
        let (quantity, amount) = (take.decimal()?, take.decimal()?);
        let fits = |figure: Decimal| figure < limit && figure.negate() < limit && figure.scale() <= 36;
        if changes > MOST_CHANGES || events > MOST_CHANGES || !fits(quantity) || !fits(amount) {
            return Err(Malformed("a cell has more than a log can add up to"));
        }
        each(&subject, group, slot, Totals { changes, events, quantity, amount });
    }
    take.end()
}

/// Adds stored cells to roll-ups.
pub(crate) fn load_cells(bytes: &[u8], rollups: &mut RollUps) -> Result<(), Malformed> {
    // A first pass without effect: a form that ends in the middle adds nothing.
    read_cells(bytes, |_, _, _, _| {})?;
    read_cells(bytes, |subject, group, slot, totals| {
        rollups.add_totals(subject, slot, group, &totals);
    })
}

/// The stored form of two stretches of cells that follow each other.
pub(crate) fn merge_cells(first: &[u8], second: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut named = Named::new();
    for bytes in [first, second] {
        read_cells(bytes, |subject, group, slot, totals| {
            merge(named.entry((subject.clone(), group.clone(), slot)).or_default(), &totals);
        })?;
    }
    Ok(encode_cells(&named))
}

/// The stored form of claims: entries of 16 bytes by hash.
pub(crate) fn encode_claims(claims: &mut [ClaimEntry]) -> Vec<u8> {
    claims.sort_unstable();
    let mut out = Vec::with_capacity(claims.len() * 16);
    for claim in claims {
        out.put_u64(claim.hash);
        out.put_u64(claim.sequence);
    }
    out
}

fn read_claims(bytes: &[u8]) -> Result<Vec<ClaimEntry>, Malformed> {
    let mut take = Take(bytes);
    let mut claims = Vec::with_capacity(bytes.len() / 16);
    while !take.0.is_empty() {
        claims.push(ClaimEntry { hash: take.u64()?, sequence: take.u64()? });
    }
    Ok(claims)
}

/// Adds stored claims to the index.
pub(crate) fn load_claims(bytes: &[u8], claims: &mut Claims) -> Result<(), Malformed> {
    let entries = read_claims(bytes)?;
    claims.reserve(entries.len());
    entries.into_iter().for_each(|entry| claims.insert(entry));
    Ok(())
}

/// The stored form of two stretches of claims that follow each other.
pub(crate) fn merge_claims(first: &[u8], second: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut claims = read_claims(first)?;
    claims.extend(read_claims(second)?);
    Ok(encode_claims(&mut claims))
}
