//! The real service as a child process.

use crate::Result;
use crate::workspace::app;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// The longest that starting and stopping may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A service that was started and may not listen yet. Dropping it kills it.
pub(crate) struct Starting {
    child: Child,
    lines: Receiver<String>,
    errors: PathBuf,
}

/// A service that listens. Dropping it kills it.
pub(crate) struct Service {
    started: Starting,
    address: SocketAddr,
}

impl Starting {
    /// Starts a service on a free loopback port.
    pub(crate) fn spawn(program: &Path, folder: &Path, settings: &[(&str, &str)]) -> Result<Starting> {
        // Beside the folder, which is the service's own.
        Starting::spawn_on(program, folder.as_os_str(), &folder.with_extension("stderr"), settings)
    }

    /// The same on a database of any kind; what it says of errors is added to a file.
    pub(crate) fn spawn_on(
        program: &Path,
        database: &OsStr,
        errors: &Path,
        settings: &[(&str, &str)],
    ) -> Result<Starting> {
        let mut child = app(program, database.as_ref())
            .args(["serve", "--listen", "127.0.0.1:0"])
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::options().append(true).create(true).open(errors)?)
            .spawn()
            .map_err(|error| format!("cannot run {}: {error}", program.display()))?;
        let (send, lines) = channel();
        let stdout = child.stdout.take().ok_or("no standard output")?;
        thread::spawn(move || {
            // To its end, so that the service can always write.
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        Ok(Starting { child, lines, errors: errors.to_path_buf() })
    }

    /// Waits until the service says where it listens.
    pub(crate) fn ready(self) -> Result<Service> {
        const READY: &str = "Listening on http://";
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                let said = self.errors();
                return Err(format!("the service did not say `{READY}…`; its standard error: {said}").into());
            };
            if let Some(address) = line.strip_prefix(READY) {
                let address = address.trim_end_matches('/').parse()?;
                return Ok(Service { started: self, address });
            }
        }
    }

    /// Ends it with SIGKILL.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// The last of what it wrote on standard error.
    fn errors(&self) -> String {
        let text = fs::read(&self.errors).unwrap_or_default();
        let text = String::from_utf8_lossy(&text[text.len().saturating_sub(2000)..]).into_owned();
        if text.is_empty() { "(nothing)".to_string() } else { text }
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        // Nothing is left to do for one that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Service {
    pub(crate) fn start(program: &Path, folder: &Path, settings: &[(&str, &str)]) -> Result<Service> {
        Starting::spawn(program, folder, settings)?.ready()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn pid(&self) -> u32 {
        self.started.child.id()
    }

    /// Ends it with SIGKILL.
    pub(crate) fn kill(self) -> Result<()> {
        self.started.kill()
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn stop(mut self) -> Result<()> {
        let pid = self.pid();
        crate::workspace::run(Command::new("sh").args(["-c", &format!("kill -TERM {pid}")]))?;
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            match self.started.child.try_wait()? {
                Some(status) => return self.stopped(status),
                None => thread::sleep(Duration::from_millis(2)),
            }
        }
        Err(format!("the service did not stop within {} s of SIGTERM", PATIENCE.as_secs()).into())
    }

    fn stopped(&self, status: ExitStatus) -> Result<()> {
        if status.success() {
            return Ok(());
        }
        Err(format!("the service stopped with {status}; its standard error: {}", self.started.errors())
            .into())
    }
}
