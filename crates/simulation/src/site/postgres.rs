//! Two nodes on one PostgreSQL database, each over a [`Line`] of its own: connections that are lost within a
//! transaction, commits without an answer, nodes that die while the other works on, a database that is away.
//!
//! The database itself does not fail here. Which of two nodes a lock lets first, and when what is merged behind is
//! merged, is up to the database; nothing that is compared depends on it.

use super::line::{At, Cut, Line};
use super::{Hits, Moment, Opening, Settling, Site, Wreck};
use crate::dice::Dice;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::task::Context;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio_postgres::{Config, NoTls};
use usage_store::postgres::{Limits, PostgresStore};
use usage_store::{Store, StoreError};

/// Messages of transactions in which a connection may be lost: as many as a group with a merge has.
const MESSAGES: u64 = 16;

/// Two nodes on a database of their own.
pub(crate) struct Postgres {
    server: Config,
    name: String,
    lines: [Line; 2],
    limits: Limits,
    secret: [u8; 16],
    nodes: [Option<Arc<PostgresStore>>; 2],
    /// Those of the nodes that died, since one was opened.
    dead: [bool; 2],
    deaths: usize,
}

impl Postgres {
    /// A new database on the server at this address, by a role that may make one; how the nodes work is drawn.
    pub(crate) async fn new(dice: &mut Dice, server: &str) -> Result<Postgres, String> {
        let server: Config = server.parse().map_err(|error| format!("the address of the server: {error}"))?;
        let mut secret = [0; 16];
        secret[..8].copy_from_slice(&dice.next().to_le_bytes());
        secret[8..].copy_from_slice(&dice.next().to_le_bytes());
        let limits = Limits {
            connections: 6,
            merge_every: *dice.pick(&[1, 3, 7, 1_000]),
            most_waiting: *dice.pick(&[8, 200_000, 200_000]),
            // Requests that wait become one group, whose place in the log is known.
            groups: 1,
            ..Limits::default()
        };
        let at = address(&server)?;
        let line = || async { Line::to(at).await.map_err(|error| format!("no way to the server: {error}")) };
        let lines = [line().await?, line().await?];
        let name = format!("usage_simulation_{}_{}", std::process::id(), lines[0].port());
        let site = Postgres {
            server,
            name,
            lines,
            limits,
            secret,
            nodes: [None, None],
            dead: [false, false],
            deaths: 0,
        };
        site.at_server(&format!("CREATE DATABASE {}", site.name)).await?;
        Ok(site)
    }

    /// How the nodes work, in words.
    pub(crate) fn words(&self) -> String {
        format!(
            "two nodes, a merge every {} groups, {} events may wait",
            self.limits.merge_every, self.limits.most_waiting
        )
    }

    async fn at_server(&self, sql: &str) -> Result<(), String> {
        let failed = |error: tokio_postgres::Error| format!("{sql}: {error}");
        let (client, connection) = self.server.connect(NoTls).await.map_err(failed)?;
        tokio::spawn(connection);
        client.batch_execute(sql).await.map_err(failed)
    }

    /// The address of the database over a node's line.
    fn address(&self, line: &Line) -> String {
        let (user, password) = (self.server.get_user(), self.server.get_password());
        let password = String::from_utf8_lossy(password.unwrap_or_default());
        let (user, port) = (user.unwrap_or("postgres"), line.port());
        format!("postgres://{user}:{password}@127.0.0.1:{port}/{}?sslmode=disable", self.name)
    }

    async fn open_all(&mut self) -> Result<Vec<Arc<dyn Store>>, StoreError> {
        let reopens = if self.dead == [false; 2] { [true; 2] } else { std::mem::take(&mut self.dead) };
        self.mend();
        let mut stores: Vec<Arc<dyn Store>> = Vec::new();
        for (place, reopens) in reopens.into_iter().enumerate() {
            if reopens || self.nodes[place].is_none() {
                self.lines[place].open();
                let address = self.address(&self.lines[place]);
                let node = PostgresStore::open(&address, self.secret, self.limits.clone()).await?;
                self.nodes[place] = Some(Arc::new(node));
            }
            stores.extend(self.nodes[place].clone().map(|node| node as Arc<dyn Store>));
        }
        Ok(stores)
    }
}

impl Site for Postgres {
    fn open(&mut self) -> Opening<'_> {
        Box::pin(self.open_all())
    }

    fn settle(&self) -> Settling<'_> {
        Box::pin(async {
            let mut quiet = 0;
            // What is merged behind begins once whoever waits was answered.
            while quiet < 3 {
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
                quiet = if self.lines.iter().all(Line::is_quiet) { quiet + 1 } else { 0 };
                if quiet == 0 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
            Ok(())
        })
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn most_waiting(&self) -> usize {
        self.limits.most_waiting
    }

    fn begin_step(&mut self, _: u64) {
        self.lines.iter().for_each(Line::begin_step);
    }

    fn hits(&self) -> Hits {
        let mut hits = Hits::default();
        for (lost, died) in self.lines.iter().map(Line::hits) {
            hits.lost += lost;
            hits.crashed |= died;
        }
        hits
    }

    fn plan_trouble(&mut self, dice: &mut Dice) -> String {
        let place = dice.place(self.lines.len());
        let nth = u32::try_from(dice.below(MESSAGES)).unwrap_or(0);
        let at = if dice.percent(40) { At::Commit } else { At::Message(nth) };
        let cut = Cut { at, arrives: dice.percent(50), kills: dice.percent(40) };
        self.lines[place].plan(Some(cut));
        let when = match at {
            At::Commit => "its commit".to_string(),
            At::Message(nth) => format!("message {nth} of its transactions"),
        };
        let (what, how) = (
            if cut.kills { "dies" } else { "loses its connection" },
            if cut.arrives { "that the database gets" } else { "that is lost" },
        );
        format!("node {place} {what} at {when}, {how}")
    }

    fn mend(&mut self) {
        self.lines.iter().for_each(|line| line.plan(None));
    }

    fn hold(&self, moment: Moment) {
        match moment {
            Moment::Commit | Moment::Catalog => self.lines.iter().for_each(Line::hold),
            // While a meter is covered, groups wait for it here.
            Moment::Cover => {}
        }
    }

    fn poll_held(&self, context: &mut Context<'_>) -> bool {
        // Both are to remember who waits.
        let held = self.lines.each_ref().map(|line| line.poll_held(context));
        held.contains(&true)
    }

    fn release(&self) {
        self.lines.iter().for_each(Line::release);
    }

    fn is_away(&mut self, away: bool) -> bool {
        self.lines.iter().for_each(|line| if away { line.close() } else { line.open() });
        true
    }

    fn crash(&mut self) {
        if !self.hits().crashed {
            self.deaths += 1;
            self.lines[self.deaths % 2].die();
            // Now and then no node is left.
            if self.deaths.is_multiple_of(5) {
                self.lines.iter().for_each(Line::die);
            }
        }
        self.release();
    }

    fn crash_within_catalog_commit(&mut self, _: &mut Dice) -> bool {
        // A commit without an answer is one of the troubles.
        false
    }

    fn clear_up(&mut self, _: &mut Dice) -> Result<Wreck, String> {
        let mut words = Vec::new();
        for (place, line) in self.lines.iter().enumerate() {
            if line.hits().1 {
                self.dead[place] = true;
                self.nodes[place] = None;
                words.push(format!("it was node {place}"));
            }
        }
        Ok(Wreck { words, ..Wreck::default() })
    }
}

impl Drop for Postgres {
    /// The database goes; that it stays is no failure of a simulation.
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        if let Ok(runtime) = Builder::new_current_thread().enable_all().build() {
            let _ = runtime.block_on(self.at_server(&drop));
        }
    }
}

/// Where a server answers.
fn address(server: &Config) -> Result<SocketAddr, String> {
    let host = match server.get_hosts() {
        [tokio_postgres::config::Host::Tcp(host)] => host.as_str(),
        _ => return Err("the address of the server names no host, or several".to_string()),
    };
    let port = server.get_ports().first().copied().unwrap_or(5432);
    let found = (host, port).to_socket_addrs().map_err(|error| format!("{host}: {error}"))?.next();
    found.ok_or_else(|| format!("{host} has no address"))
}
