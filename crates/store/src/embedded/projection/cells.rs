//! The stored form of cells: the names of subjects and groups, each once, and the cells by number.
//!
//! Numbers are a form's own: two forms are merged by their names. Nothing that is read is trusted
//! before it was checked, so that sums of stored cells always fit.

use super::rollup::{CellKey, RollUps, merge};
use super::slot::Slot;
use crate::format::codec::{Malformed, Put, Take};
use hashbrown::HashMap;
use usage_domain::charge::ChargeGroup;
use usage_domain::decimal::Decimal;
use usage_domain::usage::Totals;

/// Cells with the names that their numbers stand for, in the order of their keys.
#[derive(Default)]
pub(crate) struct Cells {
    pub(crate) subjects: Vec<String>,
    pub(crate) groups: Vec<ChargeGroup>,
    pub(crate) cells: Vec<(CellKey, Totals)>,
}

impl Cells {
    /// What these changes add up to, under numbers of its own. `name` looks up the names of subjects
    /// and of groups, many at a time.
    pub(crate) fn of(
        changes: &[(CellKey, Totals)],
        name: impl Fn(&[u32], &[u32]) -> (Vec<String>, Vec<ChargeGroup>),
    ) -> Cells {
        let mut cells = changes.to_vec();
        fold(&mut cells);
        let distinct = |part: fn(&CellKey) -> u32| {
            let mut numbers: Vec<u32> = cells.iter().map(|(key, _)| part(key)).collect();
            numbers.sort_unstable();
            numbers.dedup();
            numbers
        };
        let (subjects, groups) = (distinct(|key| key.subject), distinct(|key| key.group));
        let (subject_places, group_places) = (places(&subjects), places(&groups));
        for (key, _) in &mut cells {
            key.subject = subject_places[&key.subject];
            key.group = group_places[&key.group];
        }
        let (subjects, groups) = name(&subjects, &groups);
        Cells { subjects, groups, cells }
    }

    /// The stored form.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.cells.len() * 24 + self.subjects.len() * 16);
        out.put_var(self.subjects.len() as u64);
        for subject in &self.subjects {
            out.put_text(subject);
        }
        out.put_var(self.groups.len() as u64);
        for group in &self.groups {
            put_group(&mut out, group);
        }
        out.put_var(self.cells.len() as u64);
        for (key, totals) in &self.cells {
            for number in [key.subject, key.slot.0, key.group] {
                out.put_var(u64::from(number));
            }
            out.put_var(totals.changes);
            out.put_var(totals.events);
            out.put_decimal(totals.quantity);
            out.put_decimal(totals.amount);
        }
        out
    }

    /// Reads a stored form.
    pub(crate) fn read(bytes: &[u8]) -> Result<Cells, Malformed> {
        let mut take = Take(bytes);
        let mut read = Cells::default();
        for _ in 0..take.count()? {
            read.subjects.push(take.text()?.to_string());
        }
        for _ in 0..take.count()? {
            read.groups.push(read_group(&mut take)?);
        }
        let number = |take: &mut Take<'_>, below: usize| match u32::try_from(take.var()?) {
            Ok(number) if (number as usize) < below => Ok(number),
            _ => Err(Malformed("a cell has a name that is not there")),
        };
        for _ in 0..take.count()? {
            let subject = number(&mut take, read.subjects.len())?;
            let slot = u32::try_from(take.var()?).ok().and_then(Slot::stored);
            let slot = slot.ok_or(Malformed("a cell is of no time"))?;
            let group = number(&mut take, read.groups.len())?;
            read.cells.push((CellKey { subject, slot, group }, read_totals(&mut take)?));
        }
        take.end()?;
        Ok(read)
    }

    /// Adds the cells to roll-ups.
    pub(crate) fn add_to(&self, rollups: &mut RollUps) {
        for (key, totals) in &self.cells {
            let (subject, group) = (&self.subjects[key.subject as usize], &self.groups[key.group as usize]);
            rollups.add_totals(subject, key.slot, group, totals);
        }
    }
}

/// The stored form of stretches of cells that follow each other.
pub(crate) fn merge_cells(stretches: &[Vec<u8>]) -> Result<Vec<u8>, Malformed> {
    let mut merged = Cells::default();
    for bytes in stretches {
        let next = Cells::read(bytes)?;
        let subjects = join(&mut merged.subjects, next.subjects);
        let groups = join(&mut merged.groups, next.groups);
        merged.cells.extend(next.cells.into_iter().map(|(key, totals)| {
            let (subject, group) = (subjects[key.subject as usize], groups[key.group as usize]);
            (CellKey { subject, slot: key.slot, group }, totals)
        }));
    }
    fold(&mut merged.cells);
    Ok(merged.encode())
}

/// Puts cells in order and makes those of one key one.
fn fold(cells: &mut Vec<(CellKey, Totals)>) {
    cells.sort_by_key(|(key, _)| *key);
    cells.dedup_by(|(key, totals), (kept, sum)| {
        let same = key == kept;
        if same {
            merge(sum, totals);
        }
        same
    });
}

/// The place of each thing in a list.
fn places<T: Clone + Eq + std::hash::Hash>(list: &[T]) -> HashMap<T, u32> {
    list.iter().cloned().zip(0..).collect()
}

/// Adds names that are not there yet; gives the place of each.
fn join<T: Clone + Eq + std::hash::Hash>(names: &mut Vec<T>, more: Vec<T>) -> Vec<u32> {
    let mut places = places(names);
    let mut next = (0..).skip(names.len());
    let mut place = |name: T| {
        *places.entry(name).or_insert_with_key(|name| {
            names.push(name.clone());
            // Fewer than 2^32 names were ever given numbers.
            next.next().unwrap_or(u32::MAX)
        })
    };
    more.into_iter().map(&mut place).collect()
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

/// Whether a figure is one that a cell can add up to, so that sums of stored cells always fit.
fn fits(figure: Decimal) -> bool {
    let size = if figure.is_negative() { figure.negate() } else { figure };
    size < Decimal::SUM_LIMIT && figure.scale() <= 36
}

fn read_totals(take: &mut Take<'_>) -> Result<Totals, Malformed> {
    let (changes, events) = (take.var()?, take.var()?);
    let (quantity, amount) = (take.decimal()?, take.decimal()?);
    if changes > MOST_CHANGES || events > MOST_CHANGES || !fits(quantity) || !fits(amount) {
        return Err(Malformed("a cell has more than a log can add up to"));
    }
    Ok(Totals { changes, events, quantity, amount })
}
