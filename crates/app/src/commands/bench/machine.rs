//! The machine, and what processes cost it. What a machine does not tell is absent.

use serde::Serialize;
use std::fs;
use std::thread;
use std::time::Duration;

/// What figures depend on most.
#[derive(Serialize)]
pub(super) struct Machine {
    cores: usize,
    model: String,
    memory_gib: f64,
}

impl Machine {
    pub(super) fn this() -> Machine {
        let field = |path: &str, name: &str| {
            let text = fs::read_to_string(path).unwrap_or_default();
            let line = text.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_string())
        };
        let memory = field("/proc/meminfo", "MemTotal").and_then(|text| kilobytes(&text));
        Machine {
            cores: thread::available_parallelism().map_or(1, usize::from),
            model: field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_string()),
            memory_gib: memory.unwrap_or(0) as f64 / f64::from(1 << 20),
        }
    }

    pub(super) fn line(&self) -> String {
        format!("{} cores of {}, {:.1} GiB of memory", self.cores, self.model, self.memory_gib)
    }
}

fn kilobytes(text: &str) -> Option<u64> {
    text.split_ascii_whitespace().next()?.parse().ok()
}

/// Resident memory of a process in MiB: now, and at its highest.
pub(super) fn memory(process: u32) -> Option<(f64, f64)> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let mebibytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(kilobytes(line)? as f64 / 1024.0)
    };
    Some((mebibytes("VmRSS:")?, mebibytes("VmHWM:")?))
}

/// Processor seconds of a process so far, in and out of the kernel.
pub(super) fn processor(process: u32) -> Option<f64> {
    /// Linux shows processor time to programs in this many ticks a second.
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is a name in parentheses, which may have spaces.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS)
}

/// Processor seconds of this thread so far, to the nanosecond.
pub(super) fn processor_of_thread() -> Option<f64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos: u64 = text.split_ascii_whitespace().next()?.parse().ok()?;
    Some(nanos as f64 / 1e9)
}

/// Waits until a process does nothing of its own any more, such as a checkpoint behind an ingest, and
/// for two minutes at most. Whether it came to rest.
pub(super) fn rests(process: u32) -> bool {
    for _ in 0..400 {
        let before = processor(process);
        thread::sleep(Duration::from_millis(300));
        if processor(process) == before {
            return true;
        }
    }
    false
}
