//! The arguments of `bench`.

use clap::Args as Arguments;
use clap::ValueEnum;

/// The highest share of repeats, in millionths.
const MOST_REPEATS: u32 = 900_000;

#[derive(Arguments)]
pub(crate) struct BenchBills {
    /// Customers, each with three meters, ten events and a plan of four items.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(crate) customers: u64,

    /// Let usage arrive all the time, as much as there can be: alone first, then during the bill run.
    #[arg(long)]
    pub(crate) with_ingest: bool,
}

#[derive(Arguments)]
pub(crate) struct Bench {
    /// A service that is running, such as http://127.0.0.1:8000, instead of a fresh one. Its data grows, and
    /// meters named `bench_…` stay.
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,

    /// Only measure the limits of this machine: the disk, reading JSON, HTTP.
    #[arg(long)]
    pub(crate) limits: bool,

    /// How many events to send.
    #[arg(long, value_name = "N", default_value_t = 2_000_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000_000))]
    pub(crate) events: u64,

    /// Events in a request; 1 sends each in a request of its own.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) batch: u16,

    /// Connections that send at the same time.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) connections: u16,

    /// The events' ids: UUIDs of version 4, or of version 7.
    #[arg(long, value_enum, default_value_t = Ids::Random)]
    pub(crate) ids: Ids,

    /// The events' times: now and up to a minute ago, or anywhere in the last whole month.
    #[arg(long, value_enum, default_value_t = Times::Live)]
    pub(crate) times: Times,

    /// The share of events that repeat an earlier one, such as 0.05; at most 0.9.
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = millionths)]
    pub(crate) duplicates: u32,

    /// Whose usage the events are: so many subjects, c000000 and so on.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) customers: u32,

    /// Make each subject a customer before the load. Metering does not need it.
    #[arg(long)]
    pub(crate) customers_as_customers: bool,

    /// Meters, each of a type of events and with two dimensions; every event is of one of these types.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=10))]
    pub(crate) meters: u8,

    /// How often each query is asked after the load; 0 asks none.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(crate) queries: u32,

    /// Repeats the choices of a run. [default: another one each time]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

/// What the ids of events are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ids {
    /// UUIDs of version 4.
    Random,
    /// UUIDs of version 7, in the order of time.
    Ordered,
}

/// What the times of events are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Times {
    /// Advancing with the clock, up to a minute late.
    Live,
    /// Random over the last whole month (UTC).
    Backfill,
}

/// A share as millionths.
fn millionths(text: &str) -> Result<u32, String> {
    let wrong = || "must be a share such as 0.05, at most 0.9".to_string();
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{part:0<6}");
    if text.is_empty() || part.len() > 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    digits.parse().ok().filter(|share| *share <= MOST_REPEATS).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_read_exactly_or_refused() {
        for (text, read) in [("0", 0), ("0.05", 50_000), (".5", 500_000), ("0.9", 900_000), ("0.000001", 1)] {
            assert_eq!(millionths(text), Ok(read), "{text}");
        }
        for text in ["", "+0.1", "1", "0.91", "-0.1", "0.0000001", "5%", "0.-5", "nan"] {
            assert!(millionths(text).is_err(), "{text}");
        }
    }
}
