//! The simulation itself: it repeats a seed exactly, it exercises what it is for, and it finds bugs.

use usage_simulation::{Bug, Failure, Plan, Run, simulate};

/// Seeds in which a planted bug must be found, and steps of each.
const SEEDS: u64 = 5;
const STEPS: u32 = 250;

fn run(seed: u64, steps: u32, bug: Option<Bug>) -> Result<Run, Box<Failure>> {
    simulate(Plan { seed, steps, bug, server: None }, |_| {})
}

#[test]
fn a_seed_is_repeated_exactly() {
    for seed in 100..103 {
        let (first, second) = (run(seed, 200, None).unwrap(), run(seed, 200, None).unwrap());
        assert_eq!((first.hash, first.lines, first.stats), (second.hash, second.lines, second.stats));
    }
}

#[test]
fn seeds_differ() {
    assert_ne!(run(1, 20, None).unwrap().hash, run(2, 20, None).unwrap().hash);
}

#[test]
fn a_failing_seed_fails_again_at_the_same_step_with_the_same_words() {
    let fails = |seed| run(seed, STEPS, Some(Bug::AClaimForgottenAfterOpening)).err();
    let first = (1..=SEEDS).find_map(fails).unwrap();
    let second = fails(first.seed).unwrap();
    assert_eq!((first.step, &first.what, first.hash), (second.step, &second.what, second.hash));
    let shown = first.to_string();
    assert!(shown.contains(&format!("again: cargo xtask simulate --seed {}", first.seed)), "{shown}");
}

/// The same seeds are sound without a bug: see below.
#[test]
fn every_planted_bug_is_found() {
    for bug in Bug::ALL {
        let found = (1..=SEEDS).find_map(|seed| run(seed, STEPS, Some(bug)).err());
        let found = found.unwrap_or_else(|| panic!("{bug:?} is not found in {SEEDS} × {STEPS} steps"));
        println!("{bug:?}: seed {}, step {}: {}", found.seed, found.step, found.what);
    }
}

#[test]
fn without_a_planted_bug_all_is_sound_and_nothing_is_left_out() {
    let mut stats = usage_simulation::Stats::default();
    for seed in 1..=SEEDS {
        stats.add(&run(seed, STEPS, None).unwrap_or_else(|failure| panic!("{failure}")).stats);
    }
    let missing: Vec<_> = stats.figures().into_iter().filter(|(_, figure)| *figure == 0).collect();
    let of_nodes = ["requests to two nodes at once", "times that the database was away"];
    assert_eq!(missing, of_nodes.map(|words| (words, 0)));
}
