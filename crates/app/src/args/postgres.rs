//! What a node may use of its PostgreSQL database, and how long anything may take. Settings for whoever runs
//! nodes: they stay out of the commands' help, and are explained in docs/scale.md.

use clap::Args as Arguments;
use std::time::Duration;
use usage_store::postgres::Limits;

#[derive(Arguments)]
pub(crate) struct Postgres {
    /// Connections of this process to PostgreSQL, at most.
    #[arg(
        long = "postgres-connections",
        global = true,
        hide = true,
        value_name = "N",
        env = "USAGE_APP_POSTGRES_CONNECTIONS",
        value_parser = clap::value_parser!(u16).range(2..=1000)
    )]
    connections: Option<u16>,

    /// Seconds that a request waits for one of them.
    #[arg(
        long = "postgres-wait",
        global = true,
        hide = true,
        value_name = "SECONDS",
        env = "USAGE_APP_POSTGRES_WAIT",
        value_parser = clap::value_parser!(u16).range(1..=600)
    )]
    wait: Option<u16>,

    /// Seconds that a statement may take, a lock be waited for, or a transaction stand idle.
    #[arg(
        long = "postgres-statement",
        global = true,
        hide = true,
        value_name = "SECONDS",
        env = "USAGE_APP_POSTGRES_STATEMENT",
        value_parser = clap::value_parser!(u16).range(1..=3600)
    )]
    statement: Option<u16>,
}

impl Postgres {
    /// The limits of a node, as asked for or as usual.
    pub(crate) fn limits(&self) -> Limits {
        let usual = Limits::default();
        let seconds = |value: Option<u16>| value.map(|seconds| Duration::from_secs(seconds.into()));
        Limits {
            connections: self.connections.map_or(usual.connections, usize::from),
            wait: seconds(self.wait).unwrap_or(usual.wait),
            statement: seconds(self.statement).unwrap_or(usual.statement),
            ..usual
        }
    }
}
