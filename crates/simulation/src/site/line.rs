//! The way from a node to its database, which can be cut at a message, held at a commit, and closed.
//!
//! It reads the protocol as far as it must: where messages end, when a transaction that writes begins and commits,
//! and when the database has answered. What is cut is decided by counting messages, never by a clock. Where a cut
//! message arrives, the database's answer is waited for and kept from the node: whether it was committed is
//! known here, and not there.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

/// Where a connection is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// At the commit of a transaction that writes.
    Commit,
    /// At the so-manieth message of transactions that write (0 is the first).
    Message(u32),
}

/// A connection that is to be lost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    pub(crate) at: At,
    /// Whether the database gets the message; its answer is lost in any case.
    pub(crate) arrives: bool,
    /// Whether the node dies with it.
    pub(crate) kills: bool,
}

#[derive(Default)]
struct State {
    closed: bool,
    cut: Option<Cut>,
    /// Messages of transactions that write, since the cut was planned.
    seen: u32,
    lost: u64,
    died: bool,
    hold: bool,
    held: bool,
    waker: Option<Waker>,
    /// Connections that are asked something, or within a transaction.
    busy: usize,
}

/// The way of one node.
#[derive(Clone)]
pub(crate) struct Line(Arc<Shared>);

struct Shared {
    port: u16,
    state: Mutex<State>,
    /// Grows when all connections end.
    ends: watch::Sender<u64>,
    goes_on: Notify,
}

impl Line {
    /// A way to the database at `server`, within a runtime, for as long as that lasts.
    pub(crate) async fn to(server: SocketAddr) -> io::Result<Line> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (ends, goes_on) = (watch::Sender::new(0), Notify::new());
        let line = Line(Arc::new(Shared { port, state: Mutex::default(), ends, goes_on }));
        let accepting = line.clone();
        tokio::spawn(async move {
            while let Ok((node, _)) = listener.accept().await {
                if !accepting.state().closed {
                    let line = accepting.clone();
                    tokio::spawn(async move { line.carry(node, server).await });
                }
            }
        });
        Ok(line)
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.port
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What went wrong before is forgotten.
    pub(crate) fn begin_step(&self) {
        let mut state = self.state();
        (state.lost, state.died) = (0, false);
    }

    /// Connections that were lost since the step began, and whether the node died.
    pub(crate) fn hits(&self) -> (u64, bool) {
        let state = self.state();
        (state.lost, state.died)
    }

    pub(crate) fn plan(&self, cut: Option<Cut>) {
        let mut state = self.state();
        (state.cut, state.seen) = (cut, 0);
    }

    /// Ends all connections, and makes no others.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.0.ends.send_modify(|ends| *ends += 1);
    }

    pub(crate) fn open(&self) {
        self.state().closed = false;
    }

    /// The node dies: nothing of it reaches the database any more.
    pub(crate) fn die(&self) {
        self.state().died = true;
        self.close();
    }

    /// Makes the next commit wait.
    pub(crate) fn hold(&self) {
        self.state().hold = true;
    }

    pub(crate) fn poll_held(&self, context: &mut Context<'_>) -> bool {
        let mut state = self.state();
        state.waker = Some(context.waker().clone());
        state.held
    }

    pub(crate) fn release(&self) {
        let mut state = self.state();
        (state.hold, state.held) = (false, false);
        self.0.goes_on.notify_waiters();
    }

    /// Whether nothing is under way.
    pub(crate) fn is_quiet(&self) -> bool {
        self.state().busy == 0
    }

    async fn carry(self, node: TcpStream, server: SocketAddr) {
        let Ok(database) = TcpStream::connect(server).await else { return };
        let _ = (node.set_nodelay(true), database.set_nodelay(true));
        let mut talk = Talk::new(self.clone());
        // Whoever closes first, the other sees that.
        let _ = talk.go_on(node, database).await;
    }

    /// What becomes of a message of a transaction that writes.
    fn decide(&self, commits: bool) -> Option<Cut> {
        let mut state = self.state();
        let at = At::Message(state.seen);
        state.seen += 1;
        let cut = state.cut.filter(|cut| cut.at == at || (commits && cut.at == At::Commit))?;
        state.cut = None;
        state.lost += 1;
        drop(state);
        if cut.kills {
            self.die();
        }
        Some(cut)
    }

    /// Whether a commit is to wait; whoever waits for that is told.
    fn is_to_wait(&self) -> bool {
        let mut state = self.state();
        let waits = std::mem::take(&mut state.hold);
        if waits {
            state.held = true;
            state.waker.take().into_iter().for_each(Waker::wake);
        }
        waits
    }

    async fn released(&self) {
        loop {
            let told = self.0.goes_on.notified();
            if !self.state().held {
                return;
            }
            told.await;
        }
    }
}

/// What is known of a connection.
struct Talk {
    line: Line,
    ends: watch::Receiver<u64>,
    from_node: Vec<u8>,
    from_database: Vec<u8>,
    is_started: bool,
    /// Whether it is in a transaction that writes.
    writes: bool,
    /// Answers that are awaited, the first greeting among them.
    awaited: u64,
    /// Whether it is in a transaction, as the database says.
    is_within: bool,
    is_busy: bool,
}

impl Talk {
    fn new(line: Line) -> Talk {
        let ends = line.0.ends.subscribe();
        line.state().busy += 1;
        Talk {
            line,
            ends,
            from_node: Vec::new(),
            from_database: Vec::new(),
            is_started: false,
            writes: false,
            awaited: 1,
            is_within: false,
            is_busy: true,
        }
    }

    async fn go_on(&mut self, mut node: TcpStream, mut database: TcpStream) -> io::Result<()> {
        loop {
            tokio::select! {
                biased;
                _ = self.ends.changed() => return Ok(()),
                read = node.read_buf(&mut self.from_node) => {
                    if read? == 0 {
                        return Ok(());
                    }
                    while let Some(message) = take(&mut self.from_node, self.is_started) {
                        if !self.asks(&message, &mut database).await? {
                            return Ok(());
                        }
                    }
                }
                read = database.read_buf(&mut self.from_database) => {
                    if read? == 0 {
                        return Ok(());
                    }
                    while let Some(message) = take(&mut self.from_database, true) {
                        self.answers(&message);
                        node.write_all(&message).await?;
                    }
                }
            }
        }
    }

    /// Hands on what the node says, as far as that is to be; whether the connection lasts.
    async fn asks(&mut self, message: &[u8], database: &mut TcpStream) -> io::Result<bool> {
        if !self.is_started {
            self.is_started = true;
            database.write_all(message).await?;
            return Ok(true);
        }
        let query = (message[0] == b'Q').then(|| String::from_utf8_lossy(&message[5..message.len() - 1]));
        let says = |text: &str| query.as_ref().is_some_and(|query| query == text);
        let begins = |query: &str| query.starts_with("START TRANSACTION") && !query.contains("READ ONLY");
        self.writes |= query.as_ref().is_some_and(|query| begins(query));
        let (is_answered, commits) = (matches!(message[0], b'Q' | b'S'), says("COMMIT"));
        if is_answered && self.writes {
            if commits && self.line.is_to_wait() {
                let line = self.line.clone();
                tokio::select! {
                    _ = self.ends.changed() => return Ok(false),
                    () = line.released() => {}
                }
            }
            if let Some(cut) = self.line.decide(commits) {
                if cut.arrives {
                    database.write_all(message).await?;
                    self.awaited += 1;
                    self.swallow(database).await?;
                }
                return Ok(false);
            }
        }
        self.writes &= !commits && !says("ROLLBACK");
        self.awaited += u64::from(is_answered);
        self.note();
        database.write_all(message).await?;
        Ok(true)
    }

    /// Waits for all answers, which nobody gets.
    async fn swallow(&mut self, database: &mut TcpStream) -> io::Result<()> {
        while self.awaited > 0 {
            while let Some(message) = take(&mut self.from_database, true) {
                self.answers(&message);
            }
            if self.awaited > 0 && database.read_buf(&mut self.from_database).await? == 0 {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Notes what the database says.
    fn answers(&mut self, message: &[u8]) {
        match message[0] {
            b'Z' => {
                self.awaited = self.awaited.saturating_sub(1);
                self.is_within = message.get(5) != Some(&b'I');
            }
            // It takes a copy: what the node sent to end its question was not looked at.
            b'G' => self.awaited = self.awaited.saturating_sub(1),
            _ => {}
        }
        self.note();
    }

    fn note(&mut self) {
        let is_busy = self.awaited > 0 || self.is_within;
        if is_busy != self.is_busy {
            self.is_busy = is_busy;
            let mut state = self.line.state();
            if is_busy {
                state.busy += 1;
            } else {
                state.busy -= 1;
            }
        }
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        if self.is_busy {
            self.line.state().busy -= 1;
        }
    }
}

/// Takes a whole message off the front: its kind, where it has one, its length and what it says.
fn take(bytes: &mut Vec<u8>, has_kind: bool) -> Option<Vec<u8>> {
    let at = usize::from(has_kind);
    let length = bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)?;
    let end = at + usize::try_from(length).ok()?;
    (bytes.len() >= end).then(|| bytes.drain(..end).collect())
}
