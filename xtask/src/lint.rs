//! Formatting, clippy and the generated documents.

use crate::Result;
use crate::generate;
use crate::steps::{Outcome, Steps};
use crate::workspace::{Workspace, run as sh};

pub(crate) fn run(workspace: &Workspace) -> Result<bool> {
    let mut steps = Steps::default();
    steps.step("Formatting (cargo fmt)", || {
        sh(workspace.cargo().args(["fmt", "--all", "--check"]))?;
        Ok(Outcome::Passed)
    });
    steps.step("Clippy", || {
        sh(workspace.cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
        Ok(Outcome::Passed)
    });
    steps.step("Generated documents are current", || {
        generate::run(workspace, &generate::Options { check: true })?;
        Ok(Outcome::Passed)
    });
    Ok(steps.finish())
}
