//! `import focus --replace`: a re-issued export replaces what was imported before of its providers,
//! accounts and billing periods. Rows that it no longer has are taken back by events of type
//! `usage.void`; the log keeps both.
//!
//! A row that was taken back and is in a later export again is other usage than before: its id goes on
//! with `~1`, `~2`, since what was taken back once stays so.

use crate::failure::Failure;
use crate::gateway::Gateway;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use std::collections::{BTreeSet, HashSet};
use usage_domain::event::{UsageEvent, VOID_TYPE};
use usage_import::focus::Scope;

/// What a file replaces.
#[derive(Default)]
pub(super) struct Replacing {
    /// The type of the events.
    event_type: String,
    scopes: BTreeSet<Scope>,
    /// Ids of events of those providers that are taken back, by source.
    voided: HashSet<(String, String)>,
    /// Ids of the file's rows as they are stored, by source.
    kept: HashSet<(String, String)>,
}

impl Replacing {
    /// Replaces events of this type.
    pub(super) fn of_type(event_type: &str) -> Replacing {
        Replacing { event_type: event_type.to_string(), ..Replacing::default() }
    }

    /// Sees a row of the file.
    pub(super) fn see(&mut self, line: u64, event: &UsageEvent) -> Result<(), Failure> {
        let scope = event.data.as_deref().and_then(|data| Scope::of(&event.source, data));
        let scope = scope.ok_or_else(|| {
            let what =
                format!("line {line}: BillingPeriodStart, or the account, is null; --replace needs both");
            Failure::operation(what).next("Nothing was stored.")
        })?;
        if !self.scopes.contains(&scope) {
            self.scopes.insert(scope);
        }
        Ok(())
    }

    /// Reads what was taken back before; to be called once all rows were seen.
    pub(super) fn read_voided(&mut self, gateway: &dyn Gateway) -> Result<(), Failure> {
        for source in self.sources() {
            let voided = &mut self.voided;
            each(gateway, &source, VOID_TYPE, |event| {
                let target: Target =
                    serde_json::from_str(event.data.map_or("null", RawValue::get)).map_err(unreadable)?;
                voided.insert((target.source, target.id));
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Gives a row the id that it is stored under.
    pub(super) fn name(&mut self, event: &mut UsageEvent) {
        let mut key = (event.source.clone(), event.id.clone());
        for again in 1.. {
            if !self.voided.contains(&key) {
                break;
            }
            key.1 = format!("{}~{again}", event.id);
        }
        event.id.clone_from(&key.1);
        self.kept.insert(key);
    }

    /// Takes back what was imported before of the file's scopes and is not in it any more; `store` stores
    /// an event. To be called once all rows are stored.
    pub(super) fn take_back(
        &self,
        gateway: &dyn Gateway,
        mut store: impl FnMut(UsageEvent) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        for source in self.sources() {
            each(gateway, &source, &self.event_type, |event| {
                let scope = event.data.and_then(|data| Scope::of(&source, data.get()));
                if scope.is_none_or(|scope| !self.scopes.contains(&scope)) {
                    return Ok(());
                }
                let key = (source.clone(), event.id);
                if self.kept.contains(&key) || self.voided.contains(&key) {
                    return Ok(());
                }
                let (source, id) = key;
                store(UsageEvent {
                    data: Some(json!({"source": &source, "id": &id}).to_string()),
                    id: format!("void:{id}"),
                    source,
                    event_type: VOID_TYPE.to_string(),
                    subject: event.subject,
                    // As the event that it takes back: said again, it is the same.
                    time: event.time.parse()?,
                    time_given: true,
                    extensions: None,
                })
            })?;
        }
        Ok(())
    }

    fn sources(&self) -> BTreeSet<String> {
        self.scopes.iter().map(|scope| scope.source.clone()).collect()
    }
}

/// What an event that takes back names.
#[derive(Deserialize)]
struct Target {
    source: String,
    id: String,
}

/// What is looked at of a stored event.
#[derive(Deserialize)]
struct Seen<'a> {
    id: String,
    subject: String,
    time: String,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// Calls `see` for every stored event of a source and a type.
fn each(
    gateway: &dyn Gateway,
    source: &str,
    event_type: &str,
    mut see: impl FnMut(Seen<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (mut after, mut until): (Option<String>, Option<String>) = (None, None);
    loop {
        let mut query = vec![("source", source), ("type", event_type)];
        query.extend(after.as_deref().map(|after| ("after", after)));
        query.extend(until.as_deref().map(|until| ("until", until)));
        let page = gateway.event_log(&query)?;
        for logged in &page.events {
            see(serde_json::from_str(logged.event.get()).map_err(unreadable)?)?;
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
        until = Some(page.until);
    }
}

fn unreadable(error: serde_json::Error) -> Failure {
    Failure::operation(format!("a stored event cannot be read: {error}"))
}
