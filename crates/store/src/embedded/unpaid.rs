//! Subjects that have usage, and when nobody pays for them.

use super::catalog::Catalog;
use super::projection::layers::EVERYBODY_NUMBER;
use super::shared::Shared;
use usage_domain::usage::UnpaidTimes;

/// The first `limit` behind `after`, but for those that are paid for at all times: first subjects with metered
/// usage, in the order in which they came, then others with charges.
pub(super) fn times(shared: &Shared, catalog: &Catalog, after: Option<&str>, limit: usize) -> UnpaidTimes {
    let metered = &shared.subjects;
    let next = match after {
        None => Some(EVERYBODY_NUMBER + 1),
        Some(name) => metered.find(name).map(|number| number + 1),
    };
    let mut names = next.map_or_else(Vec::new, |next| {
        let end = next.saturating_add(u32::try_from(limit).unwrap_or(u32::MAX)).min(metered.count());
        metered.range(next, end.max(next))
    });
    if names.len() < limit {
        let state = shared.read();
        let skipped = match (next, after) {
            (None, Some(name)) => state.charges.place(name).map_or(usize::MAX, |place| place + 1),
            _ => 0,
        };
        let others = state.charges.subjects().skip(skipped).filter(|name| metered.find(name).is_none());
        names.extend(others.take(limit - names.len()).cloned().collect::<Vec<_>>());
    }
    let next = if names.len() < limit { None } else { names.last().cloned() };
    let index = catalog.index();
    let gaps = |name: String| {
        let gaps = index.unpaid(&name);
        (!gaps.is_empty()).then_some((name, gaps))
    };
    UnpaidTimes { subjects: names.into_iter().filter_map(gaps).collect(), next }
}
