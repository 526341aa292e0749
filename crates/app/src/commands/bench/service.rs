//! The service under load: a fresh one, as a process of its own, or one that is running already.

use super::folder::Folder;
use super::http::Target;
use crate::args::Args;
use crate::failure::Failure;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread;

const READY: &str = "Listening on ";

/// A fresh service. Dropping it kills it; nobody needs its data.
pub(super) struct Fresh(Child);

impl Fresh {
    /// Starts this program as a service on a free port of this machine.
    pub(super) fn start(args: &Args, folder: &Folder) -> Result<(Fresh, Target), Failure> {
        let cannot = |error| Failure::operation(format!("the service cannot be started: {error}"));
        let mut command = Command::new(std::env::current_exe().map_err(cannot)?);
        command.arg("--database").arg(folder.data()).arg("--log").arg(args.log.to_string());
        for (name, value) in
            [("--checkpoint-every", args.checkpoint_every), ("--segment-bytes", args.segment_bytes)]
        {
            command.args(value.map(|value| format!("{name}={value}")));
        }
        command.args(["serve", "--listen", "127.0.0.1:0"]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut fresh = Fresh(command.spawn().map_err(cannot)?);
        let stdout = fresh.0.stdout.take().ok_or_else(|| Failure::operation("the service has no output"))?;
        let (mut lines, mut line) = (BufReader::new(stdout), String::new());
        lines.read_line(&mut line).map_err(cannot)?;
        let Some(url) = line.trim().strip_prefix(READY) else {
            return Err(Failure::operation("the service did not come up; its own message is above"));
        };
        // To its end, so that the service can always write.
        thread::spawn(move || lines.read_to_end(&mut Vec::new()));
        Ok((fresh, Target::new(url)?))
    }

    pub(super) fn process(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        // Nothing is left to do for one that has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
