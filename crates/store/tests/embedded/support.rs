//! Stores in folders, disks that fail on demand, and readings in a few words.

use std::fs;
use std::future::poll_fn;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use tempfile::TempDir;
use usage_domain::charge::CHARGE_TYPE;
use usage_domain::customer::{Customer, CustomerDraft, CustomerId, PaidSubject};
use usage_domain::event::UsageEvent;
use usage_domain::time::{Period, Timestamp};
use usage_domain::usage::Totals;
use usage_domain::verdict::Verdict;
use usage_store::embedded::{EmbeddedStore, Faults, Options, Step};
use usage_store::{EventFilter, Handling, Store, StoreError};

pub(crate) const SECRET: [u8; 16] = *b"a secret of test";
pub(crate) const NOW: &str = "2026-11-22T10:00:00Z";

/// A folder for a store, gone with the test.
pub(crate) struct Place(TempDir);

impl Place {
    /// In memory where there is such a place: thousands of stores are opened here, and none of the
    /// failures is one of a real disk.
    pub(crate) fn new() -> Place {
        let memory = Path::new("/dev/shm");
        Place(if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.unwrap())
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("data")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.path().join("log")
    }

    pub(crate) fn projections(&self) -> PathBuf {
        self.path().join("projections")
    }

    pub(crate) fn try_open(&self, options: Options) -> Result<Arc<EmbeddedStore>, StoreError> {
        EmbeddedStore::open(&self.path(), options).map(Arc::new)
    }

    pub(crate) fn open(&self) -> Arc<EmbeddedStore> {
        self.try_open(options()).unwrap()
    }

    /// A copy of the folder as it is now, without the lock.
    pub(crate) fn copy(&self) -> Place {
        let copy = Place::new();
        copy_folder(&self.path(), &copy.path());
        copy
    }

    /// The files of a folder below, by name.
    pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
        let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    /// The log's segments, in order.
    pub(crate) fn segments(&self) -> Vec<PathBuf> {
        let mut files = Place::files(&self.log());
        files.retain(|path| path.extension().is_some_and(|e| e == "log"));
        files
    }

    pub(crate) fn last_segment(&self) -> PathBuf {
        self.segments().pop().unwrap()
    }
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for path in Place::files(from) {
        let name = path.file_name().unwrap();
        if path.is_dir() {
            copy_folder(&path, &to.join(name));
        } else if name != "lock" {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

/// Small figures, so that tests cross checkpoints.
pub(crate) fn options() -> Options {
    Options { checkpoint_every: 10, ..Options::new(SECRET, "test") }
}

/// A record in each segment, no checkpoint before the store is closed.
pub(crate) fn a_segment_each() -> Options {
    Options { segment_bytes: 1, checkpoint_every: 1_000_000, ..options() }
}

pub(crate) fn disk_full() -> io::Error {
    io::Error::from_raw_os_error(28)
}

/// A disk of which some steps fail until it is mended.
#[derive(Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<Vec<Step>>>);

impl Disk {
    pub(crate) fn faults(&self) -> Faults {
        let failing = self.0.clone();
        Faults::new(move |step| match failing.lock().unwrap().contains(&step) {
            true => Err(disk_full()),
            false => Ok(()),
        })
    }

    pub(crate) fn fail(&self, steps: &[Step]) {
        *self.0.lock().unwrap() = steps.to_vec();
    }

    pub(crate) fn mend(&self) {
        self.fail(&[]);
    }
}

/// Holds a thread of the store at a step until it is let go, so that requests queue behind it.
pub(crate) struct Gate {
    entered: Receiver<()>,
    go: Sender<()>,
}

impl Gate {
    /// The first `step` waits; afterwards the disk decides.
    pub(crate) fn at(step: Step, disk: &Disk) -> (Gate, Faults) {
        let ((enter, entered), (go, wait)) = (channel(), channel());
        let (first, then) = (Mutex::new(Some((enter, wait))), disk.0.clone());
        let faults = Faults::new(move |now| {
            if now == step
                && let Some((enter, wait)) = first.lock().unwrap().take()
            {
                enter.send(()).unwrap();
                wait.recv().unwrap();
                return Ok(());
            }
            match then.lock().unwrap().contains(&now) {
                true => Err(disk_full()),
                false => Ok(()),
            }
        });
        (Gate { entered, go }, faults)
    }

    pub(crate) fn wait(&self) {
        self.entered.recv().unwrap();
    }

    pub(crate) fn open(self) {
        self.go.send(()).unwrap();
    }
}

/// Begins a request: it is in the store's queue when this returns.
pub(crate) async fn begin<T>(request: impl Future<Output = T>) -> Pin<Box<impl Future<Output = T>>> {
    let mut request = Box::pin(request);
    poll_fn(|context| {
        assert!(request.as_mut().poll(context).is_pending(), "it was answered at once");
        Poll::Ready(())
    })
    .await;
    request
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A charge of 1 for "alice".
pub(crate) fn charge(id: &str) -> UsageEvent {
    UsageEvent {
        id: id.to_string(),
        source: "test".to_string(),
        event_type: CHARGE_TYPE.to_string(),
        subject: "alice".to_string(),
        time: at("2026-11-10T12:00:00Z"),
        time_given: true,
        data: Some("{\"amount\":\"1\"}".to_string()),
        extensions: None,
    }
}

pub(crate) async fn send<S: AsRef<str>>(store: &dyn Store, ids: &[S]) -> Result<Vec<Verdict>, StoreError> {
    store.append(ids.iter().map(|id| charge(id.as_ref())).collect(), at(NOW), Handling::Lenient).await
}

/// Sends events that must all be new.
pub(crate) async fn accept<S: AsRef<str>>(store: &dyn Store, ids: &[S]) {
    let verdicts = send(store, ids).await.unwrap();
    assert_eq!(verdicts, vec![Verdict::Accepted; ids.len()]);
}

/// What can be seen of alice's events: how many count, their ids as listed, and the position.
pub(crate) async fn seen(store: &dyn Store) -> (u64, Vec<String>, u64) {
    let mut ids: Vec<_> = store
        .events(EventFilter::newest(100_000))
        .await
        .unwrap()
        .into_iter()
        .map(|stored| stored.event.id)
        .collect();
    ids.sort();
    (counted(store).await, ids, store.position().await.unwrap().events())
}

/// How many of alice's charges count; their amount must be the same figure.
pub(crate) async fn counted(store: &dyn Store) -> u64 {
    let paid = vec![PaidSubject { subject: "alice".to_string(), period: Period::ALWAYS }];
    let mut sum = Totals::default();
    for (_, totals) in &store.usage(paid, Period::ALWAYS).await.unwrap().groups {
        sum.merge(totals).unwrap();
    }
    assert_eq!(sum.amount.to_string(), sum.events.to_string());
    u64::try_from(sum.events).unwrap()
}

/// Checks that the store has exactly these events, once each, and that verifying finds nothing.
pub(crate) async fn has_exactly<S: AsRef<str>>(store: &dyn Store, ids: &[S]) {
    let mut expected: Vec<String> = ids.iter().map(|id| id.as_ref().to_string()).collect();
    expected.sort();
    let count = expected.len() as u64;
    assert_eq!(seen(store).await, (count, expected, count));
    let report = store.verify().await.unwrap();
    assert_eq!((report.problems, report.events), (Vec::<String>::new(), count));
}

pub(crate) async fn customer(store: &dyn Store, number: u64, subject: &str) -> Result<Customer, StoreError> {
    let draft = CustomerDraft {
        number: Some(number),
        subjects: vec![subject.to_string()],
        ..CustomerDraft::named("Customer")
    };
    store.create_customer(CustomerId(u128::from(number).into()), draft, at(NOW)).await
}

/// A seeded sequence of figures.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A figure below `sides`.
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}
