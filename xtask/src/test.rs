//! All tests, in steps.

use crate::postgres::{self, Server};
use crate::steps::{Outcome, Steps};
use crate::workspace::{Workspace, run as sh};
use crate::{Result, clients, focus, kill_test, nodes, python, recount, simulate};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The Rust tests, the recount, the simulation and 10 crashes only.
    #[arg(long)]
    quick: bool,
}

/// Builds the programs and all tests once. The Python module is left to pip, which builds it as it
/// is for those who install it.
const BUILD: [&str; 5] =
    ["build", "--workspace", "--exclude=usage_client_python", "--all-targets", "--quiet"];

const NO_SERVER: &str = "there is no PostgreSQL server";

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let mut steps = Steps::default();
    let built = steps.step("Build the programs and their tests", || {
        sh(workspace.cargo().args(BUILD))?;
        Ok(Outcome::Passed)
    });
    if !built {
        return Ok(steps.finish());
    }
    let mut server = None;
    steps.step("A PostgreSQL server of its own", || match Server::start() {
        Ok(started) => {
            server = Some(started);
            Ok(Outcome::Passed)
        }
        Err(failure) if !postgres::is_required() => Ok(Outcome::Skipped(failure.to_string())),
        Err(failure) => Err(failure),
    });
    steps.step("Rust tests", || {
        let mut cargo = workspace.cargo();
        if let Some(server) = &server {
            cargo.envs(server.settings());
        } else {
            // A server that somebody else runs is not ours to test with.
            cargo.env_remove(postgres::ADDRESS);
        }
        sh(cargo.args(["test", "--workspace", "--exclude=usage_client_python", "--no-fail-fast"]))?;
        Ok(Outcome::Passed)
    });
    steps.step("Interface and billing tests on PostgreSQL", || match &server {
        Some(server) => {
            // The same programs as above: named with the workspace, so that nothing is built anew.
            let mut cargo = workspace.cargo();
            cargo.envs(server.settings()).env("USAGE_TEST_STORE", "postgres");
            // The most of the time is that of the server, which makes and drops a database for each test.
            cargo.env("RUST_TEST_THREADS", "4");
            cargo.args(["test", "--workspace", "--exclude=usage_client_python", "--no-fail-fast"]);
            sh(cargo.args(["--test", "router", "--test", "billing"]))?;
            Ok(Outcome::Passed)
        }
        None => Ok(Outcome::Skipped(NO_SERVER.to_string())),
    });
    steps.step("Simulation of two nodes on PostgreSQL, with connections that are lost", || match &server {
        Some(server) => {
            simulate::campaign_of_nodes(workspace, server)?;
            Ok(Outcome::Passed)
        }
        None => Ok(Outcome::Skipped(NO_SERVER.to_string())),
    });
    steps.step("Nodes on one database that are killed, and a database that stops", || match &mut server {
        Some(server) => {
            nodes::campaign(workspace, &workspace.debug_app(), server, &nodes::Options::small())?;
            Ok(Outcome::Passed)
        }
        None => Ok(Outcome::Skipped(NO_SERVER.to_string())),
    });
    drop(server);
    steps.step("Recount of real data (FOCUS sample, September 2024)", || recount::run(workspace));
    steps.step("Simulation against a naive model, with failing disks and crashes", || {
        simulate::campaign(workspace)?;
        Ok(Outcome::Passed)
    });
    let rounds = if options.quick { 10 } else { 100 };
    steps.step("Crashes (SIGKILL) of the real service", || {
        kill_test::campaign(workspace, &kill_test::Options::rounds(rounds))?;
        Ok(Outcome::Passed)
    });
    steps.step("Python client against the real service", || match options.quick {
        true => Ok(Outcome::Skipped("--quick".to_string())),
        false => python::run(workspace),
    });
    steps.step("The published FOCUS validator on an export", || match options.quick {
        true => Ok(Outcome::Skipped("--quick".to_string())),
        false => focus::run(workspace),
    });
    for (name, run) in clients::STEPS {
        steps.step(name, || match options.quick {
            true => Ok(Outcome::Skipped("--quick".to_string())),
            false => run(workspace),
        });
    }
    Ok(steps.finish())
}
