//! The program as processes: commands, and the service on a free port.
#![allow(dead_code, reason = "no test file uses all of it")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

pub(crate) fn usage_app(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_usage_app"));
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    command.arg("--database").arg(folder).args(arguments);
    for name in ["USAGE_APP_DATABASE", "USAGE_APP_LISTEN", "USAGE_APP_LOG"] {
        command.env_remove(name);
    }
    command
}

pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    usage_app(folder, arguments).output().unwrap()
}

/// What a command prints; it must succeed.
pub(crate) fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// What a command says when it fails, and its exit code.
pub(crate) fn refused(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = run(folder, arguments);
    assert!(!output.status.success(), "{arguments:?} succeeded");
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// A service on a free port; it is ended when this goes.
pub(crate) struct Service {
    process: Child,
    pub(crate) url: String,
}

impl Service {
    pub(crate) fn start(folder: &Path) -> Service {
        let mut command = usage_app(folder, &["serve", "--listen", "127.0.0.1:0"]);
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("Listening on ").unwrap_or_else(|| panic!("{line:?}")).to_string();
        Service { process, url }
    }

    pub(crate) fn port(&self) -> &str {
        self.url.rsplit(':').next().unwrap()
    }

    /// Asks it to stop, as a service manager does.
    pub(crate) fn stop(mut self) {
        let killed = Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
        assert!(killed.success());
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn sample(folder: &Path) {
    let loaded =
        printed(folder, &["loaddata", "customer_data.json", "usage_data.json", "--into-current-month"]);
    assert!(loaded.starts_with("Loaded 8 customers"), "{loaded}");
}

/// A file of real usage; `None`, said on standard error, where it is not at hand and need not be.
pub(crate) fn real(name: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let path = std::env::var_os("USAGE_TEST_DATA").map_or_else(beside, PathBuf::from).join(name);
    if path.is_file() {
        return Some(path);
    }
    let required = std::env::var("USAGE_REQUIRE_DATA").is_ok_and(|value| value == "1");
    assert!(!required, "{} is not there and USAGE_REQUIRE_DATA=1", path.display());
    eprintln!("not tested: {} is not there; USAGE_TEST_DATA names the folder of real data", path.display());
    None
}
