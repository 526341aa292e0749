//! The Python client, installed as its users install it, against the real service.

use crate::Result;
use crate::folder::Folder;
use crate::load::service::Service;
use crate::steps::Outcome;
use crate::workspace::{Workspace, app, run as sh};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What to do where there is no Python.
pub(crate) const INSTALL: &str = "install Python 3.9 or later with its venv module (Debian and Ubuntu: \
    apt-get install python3 python3-venv; macOS: brew install python; or name one in PYTHON)";

pub(crate) fn run(workspace: &Workspace) -> Result<Outcome> {
    let python = environment(&workspace.target.join("venv"))?;
    // In release, as for everybody who installs it; the folder is the one of all builds.
    sh(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--force-reinstall", "."])
        .env("CARGO_TARGET_DIR", &workspace.target)
        .current_dir(&workspace.root))?;

    let folder = Folder::new(workspace, "python")?;
    let data = folder.path().join("data");
    let program = workspace.debug_app();
    sh(app(&program, &data)
        .args(["loaddata", "--into-current-month", "customer_data.json", "usage_data.json"])
        .current_dir(&workspace.root))?;
    let service = Service::start(&program, &data, &[])?;
    let tested = tests(workspace, &python, &service);
    service.stop()?;
    tested.map(|()| Outcome::Passed)
}

fn tests(workspace: &Workspace, python: &PathBuf, service: &Service) -> Result<()> {
    let output = Command::new(python)
        .args(["-m", "unittest", "discover", "-s", "bindings/python/tests"])
        .env("USAGE_APP_URL", format!("http://{}", service.address()))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(&workspace.root)
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    eprint!("{said}");
    if !output.status.success() {
        return Err(format!("the Python tests failed: {}", output.status).into());
    }
    // The session with the real service is left out where it does not know of one.
    if said.contains("skipped=") {
        return Err("Python tests were left out, though a service was there for them".into());
    }
    Ok(())
}

/// The Python of the machine.
pub(crate) fn system() -> OsString {
    env::var_os("PYTHON").unwrap_or_else(|| OsString::from("python3"))
}

/// The Python of a virtual environment, which is made where it is missing.
pub(crate) fn environment(venv: &Path) -> Result<PathBuf> {
    let python = match cfg!(windows) {
        true => venv.join("Scripts/python.exe"),
        false => venv.join("bin/python"),
    };
    // Without pip it is one that could not be finished.
    let pip = Command::new(&python)
        .args(["-m", "pip", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if pip.is_ok_and(|status| status.success()) {
        return Ok(python);
    }
    sh(Command::new(system()).args(["-m", "venv", "--clear"]).arg(venv))
        .map_err(|failure| format!("{failure}: {INSTALL}"))?;
    Ok(python)
}
