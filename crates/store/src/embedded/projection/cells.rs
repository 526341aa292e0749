//! The stored form of cells: the names of subjects and groups, each once, and the cells by number.
//!
//! Numbers are a form's own: two forms are merged by their names. Nothing that is read is trusted
//! before it was checked, so that sums of stored cells always fit.

use super::rollup::{CellKey, Group, RollUps, Sum};
use super::slot::Slot;
use crate::format::codec::{Malformed, Put, Take};
use hashbrown::{HashMap, HashSet};

/// Cells with the names that their numbers stand for, in the order of their keys.
pub(crate) struct Cells<G, S> {
    pub(crate) subjects: Vec<String>,
    pub(crate) groups: Vec<G>,
    pub(crate) cells: Vec<(CellKey, S)>,
}

impl<G, S> Default for Cells<G, S> {
    fn default() -> Cells<G, S> {
        Cells { subjects: Vec::new(), groups: Vec::new(), cells: Vec::new() }
    }
}

impl<G: Group, S: Sum> Cells<G, S> {
    /// What these changes add up to, under numbers of its own. `name` looks up the names of subjects
    /// and of groups, many at a time.
    pub(crate) fn of(
        changes: &[(CellKey, S)],
        name: impl Fn(&[u32], &[u32]) -> (Vec<String>, Vec<G>),
    ) -> Cells<G, S> {
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
            group.put(&mut out);
        }
        out.put_var(self.cells.len() as u64);
        for (key, totals) in &self.cells {
            for number in [key.subject, key.slot.0, key.group] {
                out.put_var(u64::from(number));
            }
            totals.put(&mut out);
        }
        out
    }

    /// Reads a stored form.
    pub(crate) fn read(bytes: &[u8]) -> Result<Cells<G, S>, Malformed> {
        let mut take = Take(bytes);
        let mut read = Cells::default();
        for _ in 0..take.count()? {
            read.subjects.push(take.text()?.to_string());
        }
        for _ in 0..take.count()? {
            read.groups.push(G::take(&mut take)?);
        }
        if read.groups.iter().collect::<HashSet<_>>().len() != read.groups.len() {
            // Cells of the same group under two numbers might add up in two ways.
            return Err(Malformed("a group is there twice"));
        }
        let number = |take: &mut Take<'_>, below: usize| match u32::try_from(take.var()?) {
            Ok(number) if (number as usize) < below => Ok(number),
            _ => Err(Malformed("a cell has a name that is not there")),
        };
        let mut kinds: Vec<Option<u8>> = vec![None; read.groups.len()];
        for _ in 0..take.count()? {
            let subject = number(&mut take, read.subjects.len())?;
            let everybody = read.subjects[subject as usize].is_empty();
            let known = if everybody { Slot::stored_quarter } else { Slot::stored };
            let slot = u32::try_from(take.var()?).ok().and_then(known);
            let slot = slot.ok_or(Malformed("a cell is of no time"))?;
            let group = number(&mut take, read.groups.len())?;
            let (key, sum) = (CellKey { subject, slot, group }, S::take(&mut take)?);
            if read.cells.last().is_some_and(|(last, _)| *last >= key) {
                return Err(Malformed("its cells are not in order"));
            }
            if *kinds[group as usize].get_or_insert(sum.kind()) != sum.kind() {
                return Err(Malformed("cells of one group add up in two ways"));
            }
            read.cells.push((key, sum));
        }
        take.end()?;
        Ok(read)
    }

    /// Adds the cells to roll-ups.
    pub(crate) fn add_to(&self, rollups: &mut RollUps<G, S>) {
        for (key, totals) in &self.cells {
            let (subject, group) = (&self.subjects[key.subject as usize], &self.groups[key.group as usize]);
            rollups.add(subject, key.slot, group, totals);
        }
    }
}

/// The stored form of stretches of cells that follow each other.
pub(crate) fn merge_cells<G: Group, S: Sum>(stretches: &[Vec<u8>]) -> Result<Vec<u8>, Malformed> {
    let mut merged = Cells::<G, S>::default();
    for bytes in stretches {
        let next = Cells::<G, S>::read(bytes)?;
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
pub(crate) fn fold<S: Sum>(cells: &mut Vec<(CellKey, S)>) {
    cells.sort_by_key(|(key, _)| *key);
    cells.dedup_by(|(key, totals), (kept, sum)| {
        let same = key == kept;
        if same {
            sum.merge(totals);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::projection::metered::Series;
    use usage_domain::meter::aggregate::State;

    #[test]
    fn a_group_that_is_there_twice_is_refused() {
        let group = |meter| Series { meter, dimensions: vec![None] };
        let of = |groups: Vec<Series>| {
            let cells = Cells::<Series, State> { subjects: vec!["a".into()], groups, cells: Vec::new() };
            Cells::<Series, State>::read(&cells.encode()).map(|_| ())
        };
        assert_eq!(of(vec![group(1), group(2)]), Ok(()));
        assert_eq!(of(vec![group(1), group(1)]), Err(Malformed("a group is there twice")));
    }
}
