//! The windows that a query's rows are of: minutes, hours, local days and local months, half-open.

use crate::time::{Period, Timestamp, Zone};
use std::collections::BTreeMap;
use std::str::FromStr;

/// The length of a query's windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// Minutes of the clock.
    Minute,
    /// Hours of the zone's clock; where its offset changes, hours of time.
    Hour,
    /// Days of the zone's calendar: 23 and 25 hours long where its offset changes.
    Day,
    /// Months of the zone's calendar.
    Month,
}

impl Window {
    /// All of them, with their names on the wire: those of version 1 and of version 3.
    pub const ALL: [(Window, &str, &str); 4] = [
        (Window::Minute, "MINUTE", "PT1M"),
        (Window::Hour, "HOUR", "PT1H"),
        (Window::Day, "DAY", "P1D"),
        (Window::Month, "MONTH", "P1M"),
    ];

    /// Its name on the wire in version 1.
    #[must_use]
    pub fn name(self) -> &'static str {
        Window::ALL.iter().find(|(each, ..)| *each == self).map_or("DAY", |(_, name, _)| name)
    }
}

/// Not the name of a window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be MINUTE, HOUR, DAY or MONTH")]
pub struct UnknownWindow;

impl FromStr for Window {
    type Err = UnknownWindow;

    fn from_str(text: &str) -> Result<Window, UnknownWindow> {
        let found = Window::ALL.iter().find(|(_, name, _)| *name == text);
        found.map(|(window, ..)| *window).ok_or(UnknownWindow)
    }
}

/// Finds the window that a moment is in, and remembers those found: asking the calendar is slow.
#[derive(Debug)]
pub(super) struct Windows {
    window: Window,
    zone: Zone,
    found: BTreeMap<Timestamp, Timestamp>,
    last: Option<Period>,
}

impl Windows {
    pub(super) fn new(window: Window, zone: Zone) -> Windows {
        Windows { window, zone, found: BTreeMap::new(), last: None }
    }

    pub(super) fn of(&mut self, time: Timestamp) -> Period {
        if let Some(last) = self.last.filter(|last| last.contains(time)) {
            return last;
        }
        let before =
            self.found.range(..=time).next_back().map(|(start, end)| Period { start: *start, end: *end });
        let period = before.filter(|period| period.contains(time)).unwrap_or_else(|| {
            let period = self.ask(time);
            self.found.insert(period.start, period.end);
            period
        });
        self.last = Some(period);
        period
    }

    fn ask(&self, time: Timestamp) -> Period {
        match self.window {
            Window::Minute => time.span(&self.zone, 60),
            Window::Hour => time.span(&self.zone, 3600),
            Window::Day => time.day(&self.zone),
            Window::Month => time.month(&self.zone).period(&self.zone),
        }
    }
}
