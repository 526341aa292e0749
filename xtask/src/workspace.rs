//! Where things are, and how programs are run.

use crate::Result;
use serde_json::Value;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The workspace's folders.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn find() -> Result<Workspace> {
        let metadata =
            output(cargo().args(["metadata", "--no-deps", "--format-version=1"]).stderr(Stdio::inherit()))?;
        let metadata: Value = serde_json::from_str(&metadata)?;
        let path =
            |key: &str| metadata[key].as_str().map(PathBuf::from).ok_or("cargo metadata names no folder");
        Ok(Workspace { root: path("workspace_root")?, target: path("target_directory")? })
    }

    /// A cargo command in the workspace.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = cargo();
        cargo.current_dir(&self.root);
        cargo
    }

    /// Builds the program as the tests do and says where it is.
    pub(crate) fn build_app(&self) -> Result<PathBuf> {
        run(self.cargo().args(["build", "--quiet", "--package", "usage_app"]))?;
        Ok(self.debug_app())
    }

    /// The program as the tests built it.
    pub(crate) fn debug_app(&self) -> PathBuf {
        self.target.join("debug").join(app_name())
    }

    /// The program as it is built for release.
    pub(crate) fn release_app(&self) -> PathBuf {
        self.target.join("release").join(app_name())
    }

    /// The FOCUS sample; `None` where it is absent and may be.
    pub(crate) fn focus_sample(&self) -> Result<Option<PathBuf>> {
        let named = env::var_os("USAGE_TEST_DATA").map(PathBuf::from);
        let folder = named.unwrap_or_else(|| self.root.join("../shared/data"));
        let sample = folder.join("focus_sample.csv");
        if sample.is_file() {
            return Ok(Some(sample));
        }
        if env::var_os("USAGE_REQUIRE_DATA").is_some_and(|value| value == "1") {
            let shown = sample.display();
            return Err(format!("USAGE_REQUIRE_DATA=1, and there is no {shown}: set USAGE_TEST_DATA to the folder of focus_sample.csv").into());
        }
        Ok(None)
    }
}

fn app_name() -> String {
    format!("usage_app{}", env::consts::EXE_SUFFIX)
}

fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What cargo tells this program about itself would make build scripts run again.
    let own = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
    for (name, _) in env::vars_os() {
        if own.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// A command of the program on a data folder, untouched by the caller's settings.
pub(crate) fn app(app: &Path, folder: &Path) -> Command {
    let mut command = Command::new(app);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("USAGE_APP_") {
            command.env_remove(name);
        }
    }
    command.arg("--database").arg(folder);
    command
}

/// Runs a command that must succeed; its output goes to the terminal.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.stdin(Stdio::null()).status().map_err(|error| missing(command, &error))?;
    if status.success() { Ok(()) } else { Err(format!("{}: {status}", shown(command)).into()) }
}

/// Runs a command that must succeed and returns what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| missing(command, &error))?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{}: {}\n{}", shown(command), output.status, said.trim_end()).into())
}

fn missing(command: &Command, error: &std::io::Error) -> String {
    format!("cannot run {}: {error}", command.get_program().display())
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
