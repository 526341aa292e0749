//! Which column is what.

use crate::ImportError;
use crate::table::short_name;
use std::path::Path;
use std::str::FromStr;
use usage_domain::time::Zone;

/// How the columns of a file become an event.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// The type of all events.
    pub event_type: String,
    /// Who says so. Rows without ids that are to count apart need different sources.
    pub source: String,
    /// The column of the time.
    pub time: String,
    /// The zone of times that name none.
    pub zone: Zone,
    /// Whose usage a row is.
    pub subject: Subject,
    /// The column of the id; the row's content where there is none.
    pub id: Option<String>,
    /// The columns that are kept as data; where none are named, all that are nothing else.
    pub columns: Option<Vec<String>>,
    /// Columns that stay texts, whatever they look like.
    pub texts: Vec<String>,
}

/// Whose usage a row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// What the row has in this column.
    Column(String),
    /// Of all rows the same.
    Name(String),
}

impl FromStr for Subject {
    type Err = std::convert::Infallible;

    /// Reads a column, or a name after `=`.
    fn from_str(text: &str) -> Result<Subject, Self::Err> {
        Ok(match text.strip_prefix('=') {
            Some(name) => Subject::Name(name.to_string()),
            None => Subject::Column(text.to_string()),
        })
    }
}

/// The mapping, with the places of its columns in a file.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) mapping: Mapping,
    pub(super) time: usize,
    pub(super) subject: Option<usize>,
    pub(super) id: Option<usize>,
    /// Columns that are kept as data.
    pub(super) data: Vec<DataColumn>,
    /// All columns, in the order of their names, with the short form of the name.
    pub(super) by_name: Vec<([u8; 8], usize)>,
    /// What tells rows from those of another import with the same content.
    pub(super) beside: Vec<u8>,
}

/// A column that is kept as a property of the data.
#[derive(Debug)]
pub(super) struct DataColumn {
    pub(super) place: usize,
    /// The property's name, as JSON text.
    pub(super) name: String,
    pub(super) is_text: bool,
}

impl Layout {
    pub(super) fn new(mapping: Mapping, path: &Path, columns: &[String]) -> Result<Layout, ImportError> {
        let find = |name: &str| {
            let missing = || ImportError::MissingColumn {
                path: path.display().to_string(),
                column: name.to_string(),
                columns: columns.to_vec(),
            };
            columns.iter().position(|column| column == name).ok_or_else(missing)
        };
        let time = find(&mapping.time)?;
        let subject = match &mapping.subject {
            Subject::Column(name) => Some(find(name)?),
            Subject::Name(_) => None,
        };
        let id = mapping.id.as_deref().map(find).transpose()?;
        for name in &mapping.texts {
            find(name)?;
        }
        let places = match &mapping.columns {
            Some(names) => names.iter().map(|name| find(name)).collect::<Result<Vec<_>, _>>()?,
            None => {
                (0..columns.len()).filter(|i| *i != time && subject != Some(*i) && id != Some(*i)).collect()
            }
        };
        let data = |place: usize| DataColumn {
            place,
            name: serde_json::Value::from(columns[place].as_str()).to_string(),
            is_text: mapping.texts.contains(&columns[place]),
        };
        let data = places.into_iter().map(data).collect();
        let mut by_name: Vec<(&String, usize)> = columns.iter().zip(0..).collect();
        by_name.sort_unstable();
        let by_name = by_name.into_iter().map(|(name, column)| (short_name(name), column)).collect();
        let beside = beside(&mapping);
        Ok(Layout { mapping, time, subject, id, data, by_name, beside })
    }
}

/// The type, and the subject where the rows do not name it: the same row under another one of these is
/// other usage.
fn beside(mapping: &Mapping) -> Vec<u8> {
    let subject = match &mapping.subject {
        Subject::Name(name) => name.as_str(),
        Subject::Column(_) => "",
    };
    let mut beside = Vec::new();
    for text in [mapping.event_type.as_str(), subject] {
        beside.extend_from_slice(&(text.len() as u64).to_le_bytes());
        beside.extend_from_slice(text.as_bytes());
    }
    beside
}
