//! The simulation: its program is built as the tests are, and run.

use crate::Result;
use crate::workspace::{Workspace, run as sh};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// `--help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Seeds that every run of the tests takes, new ones besides, and steps of each.
const SEEDS: (u32, u32, u32) = (8, 3, 250);

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    simulation(workspace, &options.arguments)
}

/// What the tests run: thousands of steps.
pub(crate) fn campaign(workspace: &Workspace) -> Result<()> {
    let (known, new, steps) = SEEDS;
    let arguments = |text: String| text.split(' ').map(str::to_string).collect::<Vec<_>>();
    simulation(workspace, &arguments(format!("--seed 1 --seeds {known} --steps {steps}")))?;
    simulation(workspace, &arguments(format!("--seeds {new} --steps {steps}")))
}

fn simulation(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let program = ["run", "--quiet", "--package", "usage_simulation", "--"];
    sh(workspace.cargo().args(program).args(arguments))
}
