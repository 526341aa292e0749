//! `migrate-store`: moves everything from a folder to a PostgreSQL database, or back.
//!
//! Nothing counts as moved before both stores were compared. A move that was broken off goes on where it
//! stopped: every event keeps its source and id, so that one that came twice counts once.

mod catalog;
mod compare;
mod log;

use crate::args::{self, Args};
use crate::database::{Database, Opening};
use crate::failure::Failure;
use crate::output::{self, counted};
use serde_json::json;
use std::sync::Arc;
use usage_domain::position::Position;
use usage_store::Store;
use usage_store::transfer::{Books, Identity, State};

pub(crate) fn run(args: &Args, asked: &args::MigrateStore) -> Result<(), Failure> {
    let runtime = crate::database::runtime()?;
    runtime.block_on(move_all(args, asked))
}

/// A store that takes part, and its books.
pub(super) struct Side {
    pub(super) store: Arc<dyn Store>,
    pub(super) books: Box<dyn Books>,
}

impl Side {
    async fn open(args: &Args, database: &Database, opening: Opening) -> Result<Side, Failure> {
        let owner = format!("process {}, migrate-store", std::process::id());
        let store = database.open_as(args, &owner, opening).await?;
        Ok(Side { store, books: database.books().await? })
    }

    async fn close(self) -> Result<(), Failure> {
        Ok(self.store.close().await?)
    }
}

async fn move_all(args: &Args, asked: &args::MigrateStore) -> Result<(), Failure> {
    let (from_name, to_name) = (&asked.from, &asked.to);
    if !from_name.is_there().await? {
        return Err(Failure::folder(format!("there is no usage data in {from_name}")));
    }
    let from = Side::open(args, from_name, Opening::Usual).await?;
    let source = from.books.identity().await?;
    let mut to = Side::open(args, to_name, Opening::Filling).await?;
    let Some(until) = begin(&to, source, from_name, to_name).await? else {
        let text = format!("{from_name} was moved to {to_name} before; nothing was changed.");
        return output::either(args.json, &json!({"from": from_name, "to": to_name, "moved": false}), &text);
    };
    catalog::meters(&*from.store, &*to.store).await?;
    let until = log::copy(&from, &to, source, until).await?;
    // What is put into the catalog row by row is known once the store is opened again.
    to.close().await?;
    catalog::copy(&*from.books, &*to_name.books().await?).await?;
    to = Side::open(args, to_name, Opening::Filling).await?;
    let found = compare::stores(&from, &to, &until).await?;
    to.books.finish().await?;
    to.close().await?;
    from.close().await?;
    let text = format!(
        "Moved {from_name} to {to_name}: {}, {}, {}. Log, totals and bills agree.\n\
         To use it: usage_app --database {to_name} serve",
        counted(found.events, "event"),
        counted(found.customers, "customer"),
        counted(found.meters, "meter")
    );
    let data = json!({
        "from": from_name, "to": to_name, "moved": true,
        "events": found.events, "customers": found.customers, "meters": found.meters
    });
    output::either(args.json, &data, &text)
}

/// From which position on the log is to be copied; `None` where all is there already. Refuses a store that
/// holds something else.
async fn begin(
    to: &Side,
    source: Identity,
    from: &Database,
    name: &Database,
) -> Result<Option<Position>, Failure> {
    let refused = |why: &str| {
        let next = "Nothing was changed. Name a folder that is not there yet, or an empty database.";
        Failure::folder(format!("{name} {why}")).next(next)
    };
    match to.books.state().await? {
        _ if to.books.identity().await? == source => {
            Err(refused(&format!("is the same as {from}, or a copy of it")))
        }
        State::UnderWay(of, until) if of == source => Ok(Some(until)),
        State::Done(of) if of == source => Ok(None),
        State::Empty if to.store.position().await?.events() == 0 => {
            to.books.note(source, &Position::default()).await?;
            Ok(Some(Position::default()))
        }
        State::UnderWay(..) => Err(refused("has a part of another store, whose move was broken off")),
        State::Empty | State::Done(_) | State::InUse => Err(refused("is not empty")),
    }
}
