//! What is sent, drawn at random: mostly plain, often at an edge.

pub(crate) mod customers;
pub(crate) mod data;
pub(crate) mod events;
pub(crate) mod meters;
pub(crate) mod questions;
pub(crate) mod times;

/// Whose usage there is. Each may be a customer's key or one of its subjects.
pub(crate) const SUBJECTS: [&str; 8] =
    ["acme", "acme/eu", "b", "globex", "initech", "7", "überall", "nobody"];

/// Types of events that carry no price, and that meters may be of.
pub(crate) const METERED: [&str; 2] = ["api.request", "disk.size"];

/// Zones with days that begin at odd times.
pub(crate) const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Australia/Lord_Howe",
];
