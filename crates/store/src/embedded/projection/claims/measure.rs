//! Figures for docs/decisions/duplicates.md: what the index costs at a size.
//!
//! `CLAIMS=100000000 cargo test --release -p usage_store --lib claims::measure -- --ignored --nocapture`

use super::tests::{mark, spread};
use super::*;
use crate::embedded::faults::Faults;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Events of a group, as eight requests of a thousand.
const GROUP: u64 = 8000;

#[expect(clippy::disallowed_methods, reason = "this measures, and nothing depends on it")]
fn now() -> Instant {
    Instant::now()
}

/// A line of /proc/self/status, in MiB.
fn status(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() >> 10
}

/// CPU time of all threads of the process.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after = text.rsplit(')').next().unwrap();
    let ticks: u64 = after.split_whitespace().skip(11).take(2).map(|n| n.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

fn nanos(time: Duration, count: u64) -> u128 {
    time.as_nanos() / u128::from(count.max(1))
}

/// Asks for the hashes of these figures; says how many were found.
fn find(claims: &Claims, figures: impl Iterator<Item = u64>) -> usize {
    let wanted: Vec<_> = figures.map(|figure| (spread(figure), (0u32, 0u32))).collect();
    claims.find(&wanted).unwrap().len()
}

#[test]
#[ignore = "measures; asserts only that the answers are right"]
fn measure() {
    let count: u64 = std::env::var("CLAIMS").map_or(1_000_000, |count| count.parse().unwrap());
    let folder = TempDir::new_in(std::env::temp_dir()).unwrap();
    let mut claims = Claims::open(folder.path(), Faults::default(), 500_000, &mark).unwrap();
    let (mut groups, begun) = (Vec::new(), now());
    for first in (0..count).step_by(usize::try_from(GROUP).unwrap()) {
        let group = first..(first + GROUP).min(count);
        // A million a second, so that runs are written and merged at the same time as in service.
        std::thread::sleep(Duration::from_micros(first).saturating_sub(begun.elapsed()));
        let start = now();
        assert_eq!(find(&claims, group.clone()), 0);
        claims.reserve(8000);
        for sequence in group {
            claims.insert(ClaimEntry { hash: spread(sequence), sequence });
        }
        claims.freeze_if_full(&mark);
        if first >= count / 10 * 9 {
            groups.push(start.elapsed());
        }
    }
    groups.sort_unstable();
    let (all, used) = (begun.elapsed(), cpu());
    let middle = nanos(groups[groups.len() / 2], GROUP);
    println!("{count} claims, lookup and insert in the last tenth of groups: {middle} ns each (median)");
    println!(
        "group of {GROUP}: p50 {:?}, p99 {:?}, longest {:?}",
        groups[groups.len() / 2],
        groups[groups.len() * 99 / 100],
        groups[groups.len() - 1]
    );
    println!("all, with writing and merging: {:?}, CPU {} ns each", all, nanos(used, count));
    println!("resident {} MiB, at its highest {} MiB", status("VmRSS"), status("VmHWM"));
    let start = now();
    claims.finish(&mark).unwrap();
    println!("close: {:?}", start.elapsed());
    let sizes: Vec<_> = claims.runs().list().iter().map(|run| run.head.count() / 1000).collect();
    println!("runs of so many thousand: {sizes:?}");
    drop(claims);
    let start = now();
    let mut claims = Claims::open(folder.path(), Faults::default(), 500_000, &mark).unwrap();
    println!("open: {:?}, resident {} MiB", start.elapsed(), status("VmRSS"));
    claims.wait_for_disk();
    for (what, rounds) in [("new", 1000), ("known", 50)] {
        let before = cpu();
        for round in 0..rounds {
            // Known ones from everywhere in the log.
            let found = match what {
                "new" => find(&claims, count + round * GROUP..count + (round + 1) * GROUP),
                _ => find(&claims, (0..GROUP).map(|i| (i * (count / GROUP) + round) % count)),
            };
            assert_eq!(found as u64, if what == "new" { 0 } else { GROUP });
        }
        println!("lookup of {what} ids alone: {} ns of CPU each", nanos(cpu() - before, rounds * GROUP));
    }
}
