//! FOCUS files from the outside: what they become and what is said of bad ones.

mod bad_rows;
mod common;
mod files;
mod ids;
mod rows;
mod sample;
