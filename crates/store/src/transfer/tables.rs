//! The tables of a catalog, as both stores have them.
//!
//! A table that both catalogs have under the same name, with the same columns, is moved once it stands in
//! [`TABLES`], behind those that it refers to.

/// What a column holds, and so which type it has in each catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// A number or a moment: INTEGER, bigint.
    Number,
    /// A text that people give names with: TEXT, text.
    Text,
    /// A text of any characters: TEXT, and the bytes of it, bytea.
    Bytes,
    /// No or yes: INTEGER, boolean.
    Flag,
    /// A position of the log: the count of its events, INTEGER; those of each writer, text.
    Position,
}

/// A column's name and what it holds.
pub type Column = (&'static str, Of);

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// The columns that tell its rows apart; they stand first.
    pub key: usize,
    /// All columns that are moved.
    pub columns: &'static [Column],
    /// The counter that the rows' numbers come from (PostgreSQL), and its column, which is the first.
    pub counter: Option<&'static str>,
}

/// All tables, each behind those that it refers to.
pub const TABLES: &[Table] = &[
    Table {
        name: "customer",
        key: 1,
        columns: &[
            ("number", Of::Number),
            ("id", Of::Text),
            ("key", Of::Text),
            ("name", Of::Text),
            ("currency", Of::Text),
            ("time_zone", Of::Text),
            ("description", Of::Text),
            ("primary_email", Of::Text),
            ("billing_address", Of::Text),
            ("metadata", Of::Text),
            ("created_at", Of::Number),
            ("updated_at", Of::Number),
            ("deleted_at", Of::Number),
        ],
        counter: None,
    },
    Table {
        name: "payer",
        key: 2,
        columns: &[
            ("subject", Of::Bytes),
            ("from_time", Of::Number),
            ("until_time", Of::Number),
            ("customer", Of::Number),
            ("listed", Of::Flag),
        ],
        counter: None,
    },
    Table {
        name: "subject",
        key: 1,
        columns: &[
            ("key", Of::Bytes),
            ("id", Of::Text),
            ("display_name", Of::Text),
            ("metadata", Of::Text),
            ("created_at", Of::Number),
            ("updated_at", Of::Number),
        ],
        counter: None,
    },
    Table {
        name: "posting",
        key: 1,
        columns: &[
            ("id", Of::Number),
            ("customer", Of::Number),
            ("month", Of::Text),
            ("accumulated", Of::Text),
            ("currency", Of::Text),
            ("changes", Of::Number),
            ("position", Of::Position),
            ("created_at", Of::Number),
            ("updated_at", Of::Number),
        ],
        counter: Some("posting"),
    },
    // Meters are made before the log comes, so that it is added up for them; this is what the making does not
    // say. Their sums have numbers of the store's own.
    Table {
        name: "meter",
        key: 1,
        columns: &[
            ("id", Of::Text),
            ("key", Of::Text),
            ("name", Of::Text),
            ("description", Of::Text),
            ("aggregation", Of::Text),
            ("event_type", Of::Bytes),
            ("value_property", Of::Bytes),
            ("event_from", Of::Number),
            ("metadata", Of::Text),
            ("created_at", Of::Number),
            ("updated_at", Of::Number),
        ],
        counter: None,
    },
    Table {
        name: "dimension",
        key: 2,
        columns: &[("meter", Of::Text), ("name", Of::Text), ("path", Of::Bytes)],
        counter: None,
    },
    Table {
        name: "document",
        key: 2,
        columns: &[
            ("kind", Of::Text),
            ("id", Of::Text),
            ("owner", Of::Text),
            ("revision", Of::Number),
            ("body", Of::Text),
        ],
        counter: None,
    },
];

/// How a catalog writes the place of a value in a statement.
pub(crate) trait Place: Fn(usize, Of) -> String {}
impl<F: Fn(usize, Of) -> String> Place for F {}

impl Table {
    /// Reads rows by their keys, after the one whose key is given where there is one. `schema` stands before the
    /// table's name.
    pub(crate) fn page(&self, after: bool, place: impl Place, schema: &str, limit: usize) -> String {
        let names = self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let key = self.columns[..self.key].iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let behind = match after {
            true => format!("WHERE ({key}) > ({})", self.places(self.key, place).join(", ")),
            false => String::new(),
        };
        format!("SELECT {names} FROM {schema}{} {behind} ORDER BY {key} LIMIT {limit}", self.name)
    }

    /// Gives the row of a key its other values. Columns that are not moved stay as they are.
    pub(crate) fn update(&self, place: impl Place, schema: &str) -> String {
        let equal = self.places(self.columns.len(), place).into_iter().zip(self.columns);
        let mut equal: Vec<String> = equal.map(|(place, (name, _))| format!("{name} = {place}")).collect();
        let set = equal.split_off(self.key).join(", ");
        format!("UPDATE {schema}{} SET {set} WHERE {}", self.name, equal.join(" AND "))
    }

    /// Adds a row.
    pub(crate) fn insert(&self, place: impl Place, schema: &str) -> String {
        let names = self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let values = self.places(self.columns.len(), place).join(", ");
        format!("INSERT INTO {schema}{} ({names}) SELECT {values}", self.name)
    }

    /// The places of the first values, from 1.
    fn places(&self, count: usize, place: impl Place) -> Vec<String> {
        self.columns[..count].iter().zip(1..).map(|((_, of), number)| place(number, *of)).collect()
    }
}
