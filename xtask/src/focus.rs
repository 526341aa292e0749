//! The FOCUS export of the example bills against the published validator.
//!
//! The validator is installed under `target/focus` in the version that `tests/focus` pins, once.

use crate::Result;
use crate::python::environment;
use crate::steps::Outcome;
use crate::workspace::{Workspace, output, run as sh};
use std::env;
use std::fs;
use std::process::Command;

pub(crate) fn run(workspace: &Workspace) -> Result<Outcome> {
    let place = workspace.target.join("focus");
    fs::create_dir_all(&place)?;
    let source = workspace.root.join("tests/focus");
    let python = environment(&place.join("venv"))?;
    sh(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(source.join("requirements.txt")))?;

    sh(workspace.cargo().args(["build", "--quiet", "--package", "usage_faces", "--example", "focus"]))?;
    let example = workspace.target.join("debug/examples").join(format!("focus{}", env::consts::EXE_SUFFIX));
    let bills = workspace.root.join("crates/faces/tests/fixtures/bills.json");
    let export = place.join("export.csv");
    fs::write(&export, output(Command::new(example).arg(bills))?)?;
    sh(Command::new(&python).arg(source.join("validate.py")).arg(&export))?;
    Ok(Outcome::Passed)
}
