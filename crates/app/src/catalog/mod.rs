//! Catalogs in files: YAML that people write, read strictly, with the line of what is wrong.
//!
//! Owns the way between a file and the JSON of a catalog. What a catalog is, and what there is to do for one,
//! is in `usage_api::catalog`.

use crate::failure::Failure;
use std::fmt;
use std::path::Path;
use usage_api::catalog::{Catalog, read};
use usage_api::problem::FieldError;
use usage_api::stored;
use usage_domain::plan::Plan;
use usage_yaml::{Document, YamlError};

/// What editors are told of the file.
pub(crate) const SCHEMA: &str = include_str!("../../../../docs/catalog.schema.json");

/// Something that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    line: usize,
    what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl From<YamlError> for Problem {
    fn from(error: YamlError) -> Problem {
        Problem { line: error.line, what: format!("column {}: {}", error.column, error.reason) }
    }
}

/// A catalog in the text of a file.
#[derive(Debug)]
pub(crate) struct Text {
    document: Document,
    /// What the text says.
    pub(crate) catalog: Catalog,
}

impl Text {
    /// Reads the text of a file; one that is empty names nothing.
    pub(crate) fn read(text: &str) -> Result<Text, Vec<Problem>> {
        let document = usage_yaml::read(text).map_err(|error| vec![error.into()])?;
        let json = if document.json() == "null" { "{}" } else { document.json() };
        match read(json) {
            Ok(catalog) => Ok(Text { document, catalog }),
            Err(errors) => Err(located(&document, &errors)),
        }
    }

    /// The same as JSON.
    pub(crate) fn json(&self) -> String {
        usage_api::catalog::text(&self.catalog)
    }

    /// What is wrong by its path, with the lines.
    pub(crate) fn problems(&self, errors: &[FieldError]) -> Vec<Problem> {
        located(&self.document, errors)
    }
}

fn located(document: &Document, errors: &[FieldError]) -> Vec<Problem> {
    let mut problems: Vec<Problem> = errors
        .iter()
        .map(|error| Problem { line: document.line(&error.field), what: error.to_string() })
        .collect();
    problems.sort_by_key(|problem| problem.line);
    problems
}

/// One plan in the text of a file.
pub(crate) fn plan(text: &str) -> Result<Plan, Vec<Problem>> {
    let document = usage_yaml::read(text).map_err(|error| vec![error.into()])?;
    stored::plan(document.json()).map_err(|error| located(&document, &[error]))
}

/// A file that is not used because of its problems.
pub(crate) fn refused(path: &Path, problems: &[Problem]) -> Failure {
    let count = crate::output::counted(problems.len() as u64, "problem");
    let lines: String = problems.iter().map(|problem| format!("\n  {problem}")).collect();
    Failure::operation(format!("{} has {count}:{lines}", path.display())).next("Nothing was changed.")
}

/// The catalog as a file says it.
pub(crate) fn file(json: &str) -> Result<String, Failure> {
    let yaml = usage_yaml::write(json);
    let yaml = yaml.map_err(|error| Failure::operation(format!("the catalog is no JSON: {error}")))?;
    let head = "# What 'usage_app apply' sets up. 'usage_app export catalog --schema' says what else may stand here.\n";
    Ok(format!("{head}{yaml}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> Vec<String> {
        Text::read(text).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn everything_that_is_wrong_is_named_with_its_line() {
        let text = "\
taxes:
  - key: vat
    name: VAT 19 %
    rate: 1e30
plans:
  - key: pro
    name: Pro
    versions:
      - effective_from: 2026-11-01
        currency: EURO
        items: []
  - key: team
    name: Team
    versions:
      - effective_from: 2026-11-01
        currency: EUR
        items:
          - key: tokens
            name: Tokens
            meter: tokens
            price:
              model: graduated
              tiers:
                - {up_to: 1000, unit_amount: 0}
                - {up_to: 500, unit_amount: 0.10}
                - {up_to: null, unit_amount: 0.05}
";
        assert_eq!(
            wrong(text),
            [
                "line 4: taxes[0].rate: must be a decimal such as \"0.0004\", of at most 20 digits before and 18 \
                 after the point; \"1e30\" is not: more than 20 digits before the decimal point",
                "line 10: plans[0].versions[0].currency: \"EURO\" is not an ISO 4217 currency code, such as USD, \
                 EUR or JPY",
                "line 25: plans[1].versions[0].items[0].price.tiers[1].up_to: must be more than 1000, where the \
                 tier before ends, not 500",
            ]
        );
        assert_eq!(
            wrong("plans:\n  - key: [\n"),
            ["line 3: column 1: while parsing a node, did not find expected node content"]
        );
        assert_eq!(wrong("- 1\n"), ["line 1: the file: expected a JSON object"]);
    }

    #[test]
    fn an_empty_file_names_nothing_and_what_is_written_is_read_back() {
        assert_eq!(Text::read("# nothing yet\n").unwrap().catalog, Catalog::default());
        let text = "taxes:\n  - {key: vat, name: 'VAT: 19 %', rate: 0.190}\n";
        let read = Text::read(text).unwrap();
        let again = Text::read(&file(&read.json()).unwrap()).unwrap();
        assert_eq!(again.catalog, read.catalog);
        assert_eq!(again.catalog.taxes[0].rate.to_string(), "0.19");
    }
}
