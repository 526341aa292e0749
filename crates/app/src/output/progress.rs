//! Progress of long work, on standard error and only where that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// How far some work is.
pub(crate) type Bar = ProgressBar;

/// Progress in bytes.
pub(crate) fn bytes(what: &'static str, total: u64) -> ProgressBar {
    styled(what, total, "{msg} {wide_bar} {bytes}/{total_bytes} {eta}")
}

/// Progress in events, of which there may be very many.
pub(crate) fn events(what: &'static str, total: u64) -> ProgressBar {
    styled(what, total, "{msg} {wide_bar} {human_pos}/{human_len} {eta}")
}

/// Progress in things.
pub(crate) fn count(what: &'static str, total: usize) -> ProgressBar {
    styled(what, total as u64, "{msg} {wide_bar} {pos}/{len} {eta}")
}

fn styled(what: &'static str, total: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total).with_style(style).with_message(what)
}

/// Work of unknown length.
pub(crate) fn spinner(what: &'static str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_message(what);
    spinner.enable_steady_tick(Duration::from_millis(120));
    spinner
}
