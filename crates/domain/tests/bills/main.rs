//! What holds for any bill. `PROPTEST_CASES` says how many are tried of each; 256 where it is not set.

mod build;
mod ledger;
#[expect(dead_code, reason = "the tests of prices use all of it")]
#[path = "../pricing/strategies.rs"]
mod prices;
mod properties;
mod recount;
mod strategies;
mod stretches;
