//! The embedded store in a folder, and what a crash can leave of it.

use super::disk::{Disk, Remains, Trouble, Unsynced};
use super::files;
use super::{Hits, Moment, Opening, Settling, Site, Wreck};
use crate::dice::Dice;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::task::Context;
use tempfile::TempDir;
use usage_store::Store;
use usage_store::embedded::{EmbeddedStore, Options, Step};

/// Bytes of a page, which a disk keeps or loses as a whole.
const PAGE: u64 = 4096;
/// Zeros of fewer bytes do not tell a lost page from damage: then the store refuses to open, which is a
/// decision of its own (docs/decisions/torn-tails.md) and no subject here.
const TELLING: u64 = 16;
/// The first bytes of a segment.
const SEGMENT: &[u8; 16] = b"usage log v1\n\0\0\0";
/// Every step of a disk.
const STEPS: [Step; 7] =
    [Step::Create, Step::Write, Step::Sync, Step::Undo, Step::Checkpoint, Step::Catalog, Step::Cover];

/// An embedded store on a disk that can fail.
pub(crate) struct Embedded {
    place: TempDir,
    disk: Disk,
    options: Options,
    /// How many folders there were.
    folders: u32,
    open: Weak<EmbeddedStore>,
    /// Bytes of the catalog's journal when the step began.
    journal: u64,
}

impl Embedded {
    /// A new folder; how the store works is drawn. Where the disk `lies`, it loses what it said was durable.
    pub(crate) fn new(dice: &mut Dice, lies: bool) -> io::Result<Embedded> {
        // In memory where there is such a place: none of the failures is one of a real disk.
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { TempDir::new_in(memory)? } else { TempDir::new()? };
        let mut secret = [0; 16];
        secret[..8].copy_from_slice(&dice.next().to_le_bytes());
        secret[8..].copy_from_slice(&dice.next().to_le_bytes());
        let disk = Disk::new(lies);
        let options = Options {
            checkpoint_every: *dice.pick(&[1, 7, 20, 60, 1_000_000]),
            segment_bytes: *dice.pick(&[1, 700, 3_000, 20_000, 1 << 20]),
            most_waiting: *dice.pick(&[8, 200_000, 200_000]),
            faults: disk.faults(),
            ..Options::new(secret, "simulation")
        };
        Ok(Embedded { place, disk, options, folders: 0, open: Weak::new(), journal: 0 })
    }

    /// How the store works, in words.
    pub(crate) fn words(&self) -> String {
        format!(
            "a checkpoint every {} events, segments of {} bytes, {} events may wait",
            self.options.checkpoint_every, self.options.segment_bytes, self.options.most_waiting
        )
    }

    fn folder(&self) -> PathBuf {
        self.place.path().join(self.folders.to_string())
    }

    fn spare(&self) -> PathBuf {
        self.place.path().join((self.folders + 1).to_string())
    }
}

impl Site for Embedded {
    fn open(&mut self) -> Opening<'_> {
        Box::pin(async {
            self.disk.use_folder(&self.folder(), &self.spare());
            let store = Arc::new(EmbeddedStore::open(&self.folder(), self.options.clone())?);
            self.open = Arc::downgrade(&store);
            Ok(vec![store as Arc<dyn Store>])
        })
    }

    fn settle(&self) -> Settling<'_> {
        Box::pin(async move {
            match self.open.upgrade() {
                Some(store) => store.settle().await,
                None => Ok(()),
            }
        })
    }

    fn most_waiting(&self) -> usize {
        self.options.most_waiting
    }

    fn begin_step(&mut self, events: u64) {
        self.journal = files::length(&files::wal(&self.folder()));
        self.disk.begin_step(events);
    }

    fn hits(&self) -> Hits {
        self.disk.hits()
    }

    fn plan_trouble(&mut self, dice: &mut Dice) -> String {
        let always = |steps: &[Step]| steps.iter().map(|step| (*step, 0, u32::MAX)).collect();
        let (commit, nth) =
            (*dice.pick(&[Step::Write, Step::Sync]), u32::try_from(dice.below(4)).unwrap_or(0));
        let trouble = match dice.below(10) {
            0..3 => {
                let step = *dice.pick(&[
                    Step::Create,
                    Step::Write,
                    Step::Sync,
                    Step::Checkpoint,
                    Step::Catalog,
                    Step::Cover,
                ]);
                Trouble { fails: vec![(step, nth, nth + 1)], dies: None }
            }
            3 => Trouble { fails: always(&[commit, Step::Undo]), dies: None },
            4 => Trouble { fails: always(&STEPS), dies: None },
            5 => Trouble { fails: always(&[*dice.pick(&[Step::Checkpoint, Step::Cover])]), dies: None },
            6 => Trouble { fails: always(&[commit]), dies: Some((Some(Step::Undo), 0)) },
            7 => Trouble { fails: vec![], dies: Some((Some(*dice.pick(&STEPS)), nth)) },
            _ => Trouble { fails: vec![], dies: Some((None, nth * 2)) },
        };
        let words = trouble.words();
        self.disk.plan(trouble);
        words
    }

    fn mend(&mut self) {
        self.disk.plan(Trouble::default());
    }

    fn hold(&self, moment: Moment) {
        self.disk.hold(moment);
    }

    fn poll_held(&self, context: &mut Context<'_>) -> bool {
        self.disk.poll_held(context)
    }

    fn release(&self) {
        self.disk.release();
    }

    fn crash(&mut self) {
        self.disk.die();
        self.disk.release();
    }

    fn crash_within_catalog_commit(&mut self, dice: &mut Dice) -> bool {
        let (before, now) = (self.journal, files::length(&files::wal(&self.folder())));
        // A journal that did not grow was begun anew; one that is long was copied into the database.
        if now <= before || now > 500 * PAGE || self.disk.hits().crashed {
            return false;
        }
        self.disk.die();
        let length = dice.between(before, now);
        files::cut(&files::wal(&self.spare()), length).is_ok()
    }

    fn clear_up(&mut self, dice: &mut Dice) -> Result<Wreck, String> {
        if let Some(broken) = self.disk.broken() {
            return Err(broken);
        }
        let remains = self.disk.remains().ok_or("nothing remains of a process that did not die")?;
        // What the dead process did after its death.
        let dead = self.folder();
        self.folders += 1;
        let wreck =
            wreck(&remains, dice).map_err(|error| format!("the remains could not be changed: {error}"))?;
        fs::remove_dir_all(dead).map_err(|error| format!("the dead folder stays: {error}"))?;
        Ok(wreck)
    }
}

impl Trouble {
    fn words(&self) -> String {
        let mut words: Vec<String> = Vec::new();
        if self.fails.len() == STEPS.len() {
            words.push("the disk is full".into());
        } else {
            words.extend(self.fails.iter().map(|(step, from, until)| match until {
                &u32::MAX => format!("every {step:?} fails"),
                _ => format!("{step:?} number {from} fails"),
            }));
        }
        words.extend(self.dies.map(|(step, nth)| match step {
            Some(step) => format!("the process dies at {step:?} number {nth}"),
            None => format!("the process dies at step {nth} of the disk"),
        }));
        words.join(", ")
    }
}

/// What a machine that stops may have lost of what was never synced, and of what can be made anew.
fn wreck(remains: &Remains, dice: &mut Dice) -> io::Result<Wreck> {
    let mut wreck = Wreck::default();
    if let Some(unsynced) = &remains.unsynced {
        tear(&remains.folder, unsynced, dice, &mut wreck)?;
    }
    if let Some(first) = remains.making.filter(|_| dice.percent(60)) {
        let path = files::segment(&remains.folder, first);
        let length = dice.place(SEGMENT.len());
        let stub = if dice.percent(30) { &[0; 16][..] } else { &SEGMENT[..length] };
        fs::write(path, stub)?;
        wreck.torn += 1;
        wreck.words.push(format!("a segment is left with {} bytes", stub.len()));
    }
    if dice.percent(30) {
        spoil(&remains.folder.join("projections"), dice, &mut wreck)?;
    }
    Ok(wreck)
}

/// Loses a part of what was written and never synced.
fn tear(folder: &Path, unsynced: &Unsynced, dice: &mut Dice, wreck: &mut Wreck) -> io::Result<()> {
    let path = folder.join("log").join(&unsynced.name);
    let (from, end) = (unsynced.from, files::length(&path));
    if end <= from {
        return Ok(());
    }
    let words = match dice.below(4) {
        0 => return Ok(()),
        1 => {
            // Some of its pages never reached the disk.
            let mut lost = 0;
            for page in from / PAGE..=(end - 1) / PAGE {
                let part = (from.max(page * PAGE), end.min((page + 1) * PAGE));
                if dice.percent(50) && part.1 - part.0 >= TELLING {
                    files::zero(&path, part.0, part.1)?;
                    lost += 1;
                }
            }
            format!("{lost} pages of {} unsynced bytes are zeros", end - from)
        }
        _ => {
            let length = dice.between(from, end - 1);
            files::cut(&path, length)?;
            format!("the log ends {} bytes into its unsynced {}", length - from, end - from)
        }
    };
    wreck.torn += 1;
    wreck.words.push(words);
    Ok(())
}

/// Takes or damages files that the log can make anew.
fn spoil(folder: &Path, dice: &mut Dice, wreck: &mut Wreck) -> io::Result<()> {
    let mut files = files::list(folder)?;
    files.retain(|path| path.is_file());
    if files.is_empty() {
        return Ok(());
    }
    let path = dice.pick(&files).clone();
    let length = files::length(&path);
    let words = match dice.below(4) {
        0 => {
            for path in &files {
                fs::remove_file(path)?;
            }
            "all checkpoints are gone"
        }
        1 => {
            fs::remove_file(&path)?;
            "a checkpoint is gone"
        }
        2 if length > 0 => {
            files::cut(&path, dice.below(length))?;
            "a checkpoint is cut"
        }
        _ if length > 0 => {
            let mut bytes = fs::read(&path)?;
            let place = dice.place(bytes.len());
            bytes[place] ^= 1 << dice.below(8);
            fs::write(&path, bytes)?;
            "a bit of a checkpoint is flipped"
        }
        _ => return Ok(()),
    };
    wreck.spoiled += 1;
    wreck.words.push(words.to_string());
    Ok(())
}
