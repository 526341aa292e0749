//! Steps under headings, with their times and a count at the end.

use crate::Result;
use std::time::Instant;

/// How a step ended that did not fail.
pub(crate) enum Outcome {
    Passed,
    /// Left out, and why.
    Skipped(String),
}

/// The steps so far.
#[derive(Default)]
pub(crate) struct Steps {
    passed: u32,
    failed: Vec<String>,
    skipped: Vec<String>,
}

impl Steps {
    /// Runs a step; whether later steps can build on it.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Result<Outcome>) -> bool {
        println!("\n== {name}");
        let start = Instant::now();
        let outcome = work();
        let seconds = start.elapsed().as_secs_f64();
        match &outcome {
            Ok(Outcome::Passed) => {
                println!("-- {name}: passed ({seconds:.1} s)");
                self.passed += 1;
            }
            Ok(Outcome::Skipped(reason)) => {
                println!("-- {name}: LEFT OUT: {reason}");
                self.skipped.push(format!("{name}: {reason}"));
            }
            Err(failure) => {
                println!("-- {name}: FAILED ({seconds:.1} s): {failure}");
                self.failed.push(name.to_string());
            }
        }
        outcome.is_ok()
    }

    /// Prints the count; whether nothing failed.
    pub(crate) fn finish(self) -> bool {
        println!();
        for step in &self.skipped {
            println!("left out: {step}");
        }
        for step in &self.failed {
            println!("failed: {step}");
        }
        println!("{} passed, {} failed", self.passed, self.failed.len());
        self.failed.is_empty()
    }
}
