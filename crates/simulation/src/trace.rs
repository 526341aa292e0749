//! What happened, in words: kept for whoever looks into a failure, and hashed to compare two runs.

use crate::{Plan, Stats};
use std::fmt;

/// Lines that are told with a failure.
const TOLD: usize = 40;

/// A simulation that went well.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// The hash of the trace: the same for every run of a seed.
    pub hash: u64,
    /// Lines of the trace.
    pub lines: u64,
    /// What was exercised.
    pub stats: Stats,
}

/// A simulation in which something is not as the model says.
#[derive(Debug)]
pub struct Failure {
    /// The seed that shows it.
    pub seed: u64,
    /// The step that showed it; 0 before the first.
    pub step: u32,
    /// What is wrong.
    pub what: String,
    /// What led to it, the last lines.
    pub before: Vec<String>,
    /// The hash of the trace up to there.
    pub hash: u64,
    /// Whether the store was a PostgreSQL database.
    pub on_postgres: bool,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.before {
            writeln!(f, "  {line}")?;
        }
        writeln!(f, "seed {}, step {}: {}", self.seed, self.step, self.what)?;
        let store = if self.on_postgres { "--store postgres " } else { "" };
        write!(f, "again: cargo xtask simulate {store}--seed {} --steps {}", self.seed, self.step.max(1))
    }
}

/// The lines so far.
pub(crate) struct Trace<'a> {
    watch: Box<dyn FnMut(&str) + 'a>,
    last: std::collections::VecDeque<String>,
    step: u32,
    lines: u64,
    hash: u64,
}

impl<'a> Trace<'a> {
    pub(crate) fn new(watch: impl FnMut(&str) + 'a) -> Trace<'a> {
        let fnv = 0xcbf2_9ce4_8422_2325;
        Trace { watch: Box::new(watch), last: [].into(), step: 0, lines: 0, hash: fnv }
    }

    /// The next step; its lines follow.
    pub(crate) fn step(&mut self, number: u32) {
        self.step = number;
    }

    pub(crate) fn say(&mut self, line: &str) {
        let line = format!("{:>5} {line}", self.step);
        for byte in line.bytes().chain([b'\n']) {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        self.lines += 1;
        (self.watch)(&line);
        if self.last.len() == TOLD {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn lines(&self) -> u64 {
        self.lines
    }

    pub(crate) fn failed(self, plan: &Plan<'_>, what: String) -> Failure {
        let (seed, on_postgres) = (plan.seed, plan.server.is_some());
        Failure { seed, step: self.step, what, before: self.last.into(), hash: self.hash, on_postgres }
    }
}
