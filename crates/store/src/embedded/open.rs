//! Opening the store, and letting go of it: what threads there are begins and ends here.

use super::catalog::Catalog;
use super::change::Change;
use super::checkpoint::Checkpointer;
use super::cover::Covering;
use super::folder::OwnedFolder;
use super::known::Lookups;
use super::projection::claims::{Claims, HashKey};
use super::projection::layers::Chain;
use super::projection::metered::MeterRollUps;
use super::projection::names::remove_folder;
use super::replay::Projections;
use super::shared::{Shared, State};
use super::writer::{self, Command, Writer};
use super::{EmbeddedStore, Options, log, transfer, verify};
use crate::StoreError;
use std::path::Path;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;
use usage_domain::meter::{Meter, MeterId};

impl EmbeddedStore {
    /// Opens the store in `folder`, making it where there is none. What a crash left unfinished is
    /// set aside, and projections are brought up to the end of the log.
    ///
    /// # Errors
    /// A folder in use, of a newer version, of another program, or damaged.
    pub fn open(folder: &Path, options: Options) -> Result<EmbeddedStore, StoreError> {
        let folder = OwnedFolder::take(folder, &options.owner)?;
        let catalog = Catalog::open(&folder.layout, options.secret, options.faults.clone())?;
        if !options.filling {
            transfer::check(&folder.layout.catalog)?;
        }
        let key = HashKey(catalog.secret);
        let (found, appender) =
            log::open::open(&folder.layout.log, options.segment_bytes, options.faults.clone())?;
        for left_over in [verify::FOLDER, writer::ANEW] {
            remove_folder(&folder.layout.projections.join(left_over))?;
        }
        let chain = Chain::new(&folder.layout.projections, options.faults.clone());
        let meters = catalog.index().meters();
        let mut claims = Claims::open(
            &folder.layout.projections,
            options.faults.clone(),
            options.checkpoint_every,
            &|to| found.index.mark(to),
        )?;
        let log = (&found.index, found.next);
        let made = Projections::open(&chain, &mut claims, log, &key, &meters, options.checkpoint_every)?;
        let state = State {
            log: found.index,
            charges: made.charges,
            metered: made.metered,
            // Those that are not covered are watched anew, below.
            meters: Arc::new(made.meters.only_covered()),
            corrections: Arc::new(made.corrections),
            next: found.next,
            claims: claims.digest(),
        };
        let shared = Arc::new(Shared::new(state, key, claims.runs(), &options));
        let writer = Writer {
            shared: shared.clone(),
            appender,
            claims,
            delta: made.delta,
            checkpointer: Checkpointer::new(shared.clone(), chain, options.checkpoint_every),
            next: found.next,
            lookups: Lookups::default(),
            bytes: Vec::new(),
            uncovered: MeterRollUps::default(),
        };
        let (commands, waiting) = channel();
        let thread = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || writer.run(&waiting))
            .map_err(StoreError::io("cannot start a thread for", &folder.layout.log))?;
        let store = EmbeddedStore {
            shared,
            catalog: Arc::new(catalog),
            commands: Mutex::new(Some(commands)),
            writer: Mutex::new(Some(thread)),
            folder,
            changing_meters: Arc::default(),
        };
        for meter in meters {
            if !store.shared.read().meters.covers(meter.series) {
                store.covering()?.start(meter)?;
            }
        }
        Ok(store)
    }

    /// What has meters added up.
    pub(super) fn covering(&self) -> Result<Covering, StoreError> {
        let commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        let commands = commands.as_ref().ok_or(StoreError::Closed)?.clone();
        Ok(Covering { shared: self.shared.clone(), commands })
    }

    pub(super) fn change(&self) -> Result<Change, StoreError> {
        Ok(Change { catalog: self.catalog.clone(), covering: self.covering()? })
    }

    pub(super) fn meter(&self, id: MeterId) -> Result<Arc<Meter>, StoreError> {
        self.catalog.index().meter(id).cloned().ok_or(StoreError::NoMeter)
    }

    /// Changes what others read of the owner: its address, once it is known.
    ///
    /// # Errors
    /// When the lock file cannot be written.
    pub fn announce(&self, owner: &str) -> Result<(), StoreError> {
        self.folder.announce(owner)
    }

    /// Waits until the writer has done all that was asked of it before, and what it does after its answers.
    ///
    /// # Errors
    /// When the store is closed.
    pub async fn settle(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Settle(reply))?;
        answer.await.map_err(|_| StoreError::Closed)
    }

    pub(super) fn command(&self, command: Command) -> Result<(), StoreError> {
        let commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        commands.as_ref().ok_or(StoreError::Closed)?.send(command).map_err(|_| StoreError::Closed)
    }
}

impl Drop for EmbeddedStore {
    /// Waits for the threads, so that the folder is free once the store is gone.
    fn drop(&mut self) {
        self.shared.close();
        // Others may have senders of their own for as long as they work: it does not wait for them.
        if let Some(commands) = self.commands.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = commands.send(Command::Stop);
        }
        if let Some(writer) = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = writer.join();
        }
        self.catalog.close();
    }
}
