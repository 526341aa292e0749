//! What tells the customers of a FOCUS file apart.

use std::str::FromStr;

/// What tells the customers of a FOCUS file apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CustomerBy {
    /// `provider:sub-account`, or `provider:billing-account` where a row has no sub-account.
    #[default]
    SubAccount,
    /// The values of these columns, joined by `:`.
    Columns(Vec<String>),
}

/// A list of columns that names none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a list of columns, such as ProviderName,SubAccountId")]
pub struct NoColumns(pub String);

impl FromStr for CustomerBy {
    type Err = NoColumns;

    /// Reads names of columns with commas between.
    fn from_str(text: &str) -> Result<CustomerBy, NoColumns> {
        let columns: Vec<String> = text.split(',').map(|name| name.trim().to_string()).collect();
        let repeated = (1..columns.len()).any(|i| columns[..i].contains(&columns[i]));
        if repeated || columns.iter().any(String::is_empty) {
            return Err(NoColumns(text.to_string()));
        }
        Ok(CustomerBy::Columns(columns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_with_commas_between() {
        let columns = |names: &[&str]| Ok(CustomerBy::Columns(names.iter().map(|n| n.to_string()).collect()));
        for (text, by) in [
            ("SubAccountName", columns(&["SubAccountName"])),
            ("ProviderName, x_Team", columns(&["ProviderName", "x_Team"])),
            ("", Err(NoColumns(String::new()))),
            ("A,,B", Err(NoColumns("A,,B".into()))),
            ("A,A", Err(NoColumns("A,A".into()))),
        ] {
            assert_eq!(text.parse(), by, "{text}");
        }
    }
}
