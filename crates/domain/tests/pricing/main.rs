//! What holds for any price and any usage. `PROPTEST_CASES` says how many are tried of each; 256
//! where it is not set.

mod properties;
mod strategies;
