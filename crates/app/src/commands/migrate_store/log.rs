//! The log: its requests come again, in their order and with the moments at which they arrived.

use super::Side;
use crate::failure::Failure;
use crate::output::progress;
use futures_util::future::try_join_all;
use usage_domain::event::{StoredEvent, UsageEvent};
use usage_domain::position::Position;
use usage_domain::time::Timestamp;
use usage_domain::verdict::Verdict;
use usage_store::transfer::Identity;
use usage_store::{EventFilter, Handling, is_correction};

/// Events that are on their way at a time.
const PAGE: usize = 20_000;

/// Copies what is after a position, to the end of the log; gives the end.
pub(super) async fn copy(
    from: &Side,
    to: &Side,
    source: Identity,
    mut after: Position,
) -> Result<Position, Failure> {
    let mut end = from.store.position().await?;
    let bar = progress::events("Copying events", end.events());
    loop {
        let page = from.store.log(after.clone(), end.clone(), EventFilter::newest(PAGE)).await?;
        append(to, page.events).await?;
        if page.next != after {
            to.books.note(source, &page.next).await?;
        }
        after = page.next;
        bar.set_position(after.events());
        if !page.more {
            // What came meanwhile, where others still write.
            let now = from.store.position().await?;
            if now == end {
                bar.finish_and_clear();
                return Ok(end);
            }
            end = now;
            bar.set_length(end.events());
        }
    }
}

/// Events as the requests that they came with, each with the moment at which it arrived.
fn requests(events: Vec<StoredEvent>) -> Vec<(Timestamp, Vec<UsageEvent>)> {
    let mut requests: Vec<(Timestamp, Vec<UsageEvent>)> = Vec::new();
    for StoredEvent { event, ingested_at, .. } in events {
        match requests.last_mut() {
            Some((received, request)) if *received == ingested_at && keeps_order(request, &event) => {
                request.push(event);
            }
            _ => requests.push((ingested_at, vec![event])),
        }
    }
    requests
}

/// Whether an event may stand in the request with these. A store puts a request's events in the order of
/// subjects and times; of two corrections the later one must stay the later.
fn keeps_order(request: &[UsageEvent], event: &UsageEvent) -> bool {
    let before = request.last().filter(|last| is_correction(&last.event_type));
    before.is_none_or(|last| (&last.subject, last.time) <= (&event.subject, event.time))
}

/// Sends events again as the requests that they came with.
async fn append(to: &Side, events: Vec<StoredEvent>) -> Result<(), Failure> {
    // One task asks for them one by one, without waiting in between: they are stored in that order. Several
    // threads would not keep it.
    let send = async |(received, request): (Timestamp, Vec<UsageEvent>)| {
        let verdicts = to.store.append_batch(request.iter().collect(), received, Handling::Lenient).await?;
        Ok::<_, Failure>((request, verdicts))
    };
    for (request, verdicts) in try_join_all(requests(events).into_iter().map(send)).await? {
        for (event, verdict) in request.iter().zip(verdicts) {
            // What was there already came before the move was broken off.
            if !matches!(verdict, Verdict::Accepted | Verdict::Duplicate) {
                let named = format!("event \"{}\" of source \"{}\"", event.id, event.source);
                return Err(Failure::operation(format!("{named} is not taken: {verdict:?}"))
                    .next("The move is not whole. 'usage_app verify' says whether the log is sound."));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corrections_that_arrived_at_one_moment_keep_their_order() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (now, later) = (at("2026-01-01T00:00:00Z"), at("2026-01-01T00:00:01Z"));
        let stored = |id: &str, kind: &str, subject: &str, ingested_at: Timestamp| StoredEvent {
            sequence: 0,
            event: UsageEvent {
                id: id.into(),
                source: "s".into(),
                event_type: kind.into(),
                subject: subject.into(),
                time: now,
                time_given: true,
                data: None,
                extensions: None,
            },
            ingested_at,
            stored_at: later,
        };
        let sent = requests(vec![
            stored("1", "call", "z", now),
            stored("2", "call", "a", now),
            stored("3", "usage.amend", "b", now),
            stored("4", "usage.amend", "b", now),
            stored("5", "usage.amend", "a", now),
            stored("6", "usage.amend", "b", later),
        ]);
        let ids: Vec<(Timestamp, Vec<&str>)> = sent
            .iter()
            .map(|(received, request)| (*received, request.iter().map(|event| event.id.as_str()).collect()))
            .collect();
        assert_eq!(ids, [(now, vec!["1", "2", "3", "4"]), (now, vec!["5"]), (later, vec!["6"])]);
    }
}
