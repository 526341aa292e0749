//! Published clients of others, unchanged, and Schemathesis against the real service.
//!
//! They are installed under `target/clients` in the versions that `tests/clients` pins. Each meets a
//! service of its own.

use crate::Result;
use crate::folder::Folder;
use crate::load::service::Service;
use crate::python::environment;
use crate::steps::{Outcome, Steps};
use crate::workspace::{Workspace, run as sh};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What to do where there is no npm.
const INSTALL: &str = "install Node.js 20 or later with npm (Debian and Ubuntu: apt-get install nodejs npm; macOS: \
    brew install node)";

/// A step and its name.
type Step = (&'static str, fn(&Workspace) -> Result<Outcome>);

pub(crate) const STEPS: [Step; 3] = [
    ("Published JavaScript client against the real service", javascript),
    ("Published Python client against the real service", python),
    ("Schemathesis against the real service", schemathesis),
];

/// Builds the program and runs the steps alone.
pub(crate) fn run(workspace: &Workspace) -> Result<bool> {
    workspace.build_app()?;
    let mut steps = Steps::default();
    for (name, work) in STEPS {
        steps.step(name, || work(workspace));
    }
    Ok(steps.finish())
}

fn javascript(workspace: &Workspace) -> Result<Outcome> {
    let place = copied(workspace, "javascript")?;
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    sh(Command::new(npm).args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&place))
        .map_err(|failure| format!("{failure}: {INSTALL}"))?;
    with_service(workspace, "javascript", |url| {
        let mut node = Command::new("node");
        node.args(["--test", "openmeter.test.mjs"]).current_dir(&place).env("USAGE_APP_URL", url);
        passed(&mut node, "# fail 0")
    })
}

fn python(workspace: &Workspace) -> Result<Outcome> {
    let (python, source) = installed(workspace)?;
    with_service(workspace, "python", |url| {
        let mut tests = Command::new(&python);
        tests.args(["-m", "unittest", "test_openmeter"]).current_dir(&source).env("USAGE_APP_URL", url);
        passed(&mut tests, "\nOK\n")
    })
}

fn schemathesis(workspace: &Workspace) -> Result<Outcome> {
    let (python, source) = installed(workspace)?;
    with_service(workspace, "schemathesis", |url| {
        let mut run = Command::new(&python);
        run.args(["-m", "schemathesis.cli", "--no-color", "--config-file", "schemathesis.toml", "run"])
            .arg(format!("{url}/openapi.json"))
            .current_dir(&source);
        passed(&mut run, "generated, ")
    })
}

/// A fresh copy of the tests in a language: what installing and running leaves behind is no part of the
/// project, nor of the next run.
fn copied(workspace: &Workspace, language: &str) -> Result<PathBuf> {
    let place = workspace.target.join("clients").join(language);
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    fs::create_dir_all(&place)?;
    for entry in fs::read_dir(workspace.root.join("tests/clients").join(language))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), place.join(entry.file_name()))?;
        }
    }
    Ok(place)
}

/// A Python with what `requirements.txt` names, and a copy of the tests.
fn installed(workspace: &Workspace) -> Result<(PathBuf, PathBuf)> {
    let source = copied(workspace, "python")?;
    let python = environment(&workspace.target.join("clients/venv"))?;
    sh(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(source.join("requirements.txt")))?;
    Ok((python, source))
}

/// Runs tests against a service on a fresh folder, which must end well too.
fn with_service(
    workspace: &Workspace,
    name: &str,
    tests: impl FnOnce(&str) -> Result<()>,
) -> Result<Outcome> {
    let folder = Folder::new(workspace, name)?;
    let data: &Path = &folder.path().join("data");
    let service = Service::start(&workspace.debug_app(), data, &[])?;
    let tested = tests(&format!("http://{}", service.address()));
    service.stop()?;
    tested.map(|()| Outcome::Passed)
}

/// Runs tests that must succeed and say so; what they said is shown where they do not.
fn passed(command: &mut Command, says: &str) -> Result<()> {
    let output = command.env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::null()).output()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    if output.status.success() && said.contains(says) {
        return Ok(());
    }
    eprintln!("{said}");
    Err(format!("the tests failed: {}", output.status).into())
}
