//! The simulation: its program is built as the tests are, and run; for nodes on PostgreSQL, on a server of its own.

use crate::Result;
use crate::postgres::Server;
use crate::workspace::{Workspace, run as sh};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// `--help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Seeds that every run of the tests takes, new ones besides, and steps of each.
const SEEDS: (u32, u32, u32) = (8, 3, 250);
/// The same for two nodes on PostgreSQL, where a step takes longer.
const SEEDS_OF_NODES: (u32, u32, u32) = (2, 2, 150);

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let is_of_nodes = options.arguments.iter().any(|argument| argument.ends_with("postgres"));
    let server = if is_of_nodes { Some(Server::start()?) } else { None };
    simulation(workspace, server.as_ref(), &options.arguments)
}

/// What the tests run: thousands of steps.
pub(crate) fn campaign(workspace: &Workspace) -> Result<()> {
    seeds(workspace, None, SEEDS, "")
}

/// What the tests run on a server.
pub(crate) fn campaign_of_nodes(workspace: &Workspace, server: &Server) -> Result<()> {
    seeds(workspace, Some(server), SEEDS_OF_NODES, "--store postgres ")
}

fn seeds(
    workspace: &Workspace,
    server: Option<&Server>,
    (known, new, steps): (u32, u32, u32),
    store: &str,
) -> Result<()> {
    let arguments = |text: String| text.split(' ').map(str::to_string).collect::<Vec<_>>();
    let known = format!("{store}--seed 1 --seeds {known} --steps {steps}");
    simulation(workspace, server, &arguments(known))?;
    simulation(workspace, server, &arguments(format!("{store}--seeds {new} --steps {steps}")))
}

fn simulation(workspace: &Workspace, server: Option<&Server>, arguments: &[String]) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.envs(server.map(Server::settings).into_iter().flatten());
    let program = ["run", "--quiet", "--package", "usage_simulation", "--"];
    sh(cargo.args(program).args(arguments))
}
