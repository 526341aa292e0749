//! Tables for the terminal: columns, a rule under their names, figures to the right.

use comfy_table::{CellAlignment, ContentArrangement, presets};
use std::fmt;

/// A table.
pub struct Table(comfy_table::Table);

impl Table {
    /// A table with these columns; `true` sets a column to the right.
    #[must_use]
    pub fn new(columns: &[(&str, bool)]) -> Table {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(columns.iter().map(|(name, _)| *name));
        for (column, (_, right)) in table.column_iter_mut().zip(columns) {
            column.set_padding((0, 2));
            if *right {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        Table(table)
    }

    /// Adds a row with a cell for each column.
    pub fn row(&mut self, cells: Vec<String>) {
        self.0.add_row(cells.iter().map(|cell| plain(cell)));
    }

    /// Its lines, the names of the columns first.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.0.lines().map(|line| line.trim_end().to_string()).collect()
    }
}

/// Text that came from outside, without what would steer a terminal.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.lines();
        let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
        for (i, line) in lines.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{line}")?;
            if i == 0 {
                write!(f, "\n{}", "─".repeat(width))?;
            }
        }
        Ok(())
    }
}
