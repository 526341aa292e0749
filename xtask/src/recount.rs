//! Real data through the real program, against a recount that shares no code with it.

use crate::Result;
use crate::folder::Folder;
use crate::python;
use crate::steps::Outcome;
use crate::workspace::{Workspace, app, output};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

const MONTH: &str = "2024-09";
/// What all customers of the sample owe for the month, exactly.
const SUM: &str = "20.52022672899";
const ROWS: u64 = 1000;

pub(crate) fn run(workspace: &Workspace) -> Result<Outcome> {
    let Some(sample) = workspace.focus_sample()? else {
        let reason = "focus_sample.csv is not there; set USAGE_TEST_DATA to its folder";
        return Ok(Outcome::Skipped(reason.to_string()));
    };
    let folder = Folder::new(workspace, "recount")?;
    let data = folder.path().join("data");
    let app = Program { program: &workspace.debug_app(), data: &data };

    let script = workspace.root.join("crates/import/tests/recount.py");
    let counted = output(Command::new(python::system()).arg(script).arg(&sample).arg(MONTH))
        .map_err(|failure| format!("{failure}: {}", python::INSTALL))?;
    let counted: BTreeMap<String, String> = serde_json::from_str(&counted)?;
    equal("the recount's sum", sum(counted.values())?.as_str(), SUM)?;

    let imported = app.import(&sample)?;
    equal("rows stored by the import", &imported["accepted"], &ROWS.into())?;
    let bills = app.bills(&counted)?;
    for (customer, exact) in &counted {
        equal(&format!("{customer}'s exact total"), &bills[customer]["exact_total"], &exact.as_str().into())?;
    }
    let customers = app.json(&["customers"])?;
    let known = customers.as_array().map(Vec::len);
    equal("customers that the import made", &known, &Some(counted.len()))?;

    let again = app.import(&sample)?;
    equal("rows stored by importing again", &again["accepted"], &0.into())?;
    equal("rows known when importing again", &again["duplicate"], &ROWS.into())?;
    equal("bills after importing again", &app.bills(&counted)?, &bills)?;
    equal("customers after importing again", &app.json(&["customers"])?, &customers)?;
    println!("{} customers owe {SUM} USD, as recounted; importing again changes nothing", counted.len());
    Ok(Outcome::Passed)
}

/// The program on a folder, asked for JSON.
struct Program<'a> {
    program: &'a Path,
    data: &'a Path,
}

impl Program<'_> {
    fn json(&self, args: &[&str]) -> Result<Value> {
        let text = output(app(self.program, self.data).arg("--json").args(args))?;
        Ok(serde_json::from_str(&text)?)
    }

    fn import(&self, sample: &Path) -> Result<Value> {
        self.json(&["import", "focus", &sample.to_string_lossy()])
    }

    fn bills(&self, customers: &BTreeMap<String, String>) -> Result<BTreeMap<String, Value>> {
        let bill = |customer: &String| self.json(&["bill", &format!("key:{customer}"), "--month", MONTH]);
        customers.keys().map(|customer| Ok((customer.clone(), bill(customer)?))).collect()
    }
}

fn equal<T: PartialEq + std::fmt::Debug + ?Sized>(what: &str, is: &T, expected: &T) -> Result<()> {
    if is == expected { Ok(()) } else { Err(format!("{what}: {is:?}, not {expected:?}").into()) }
}

/// Digits of fraction that figures are added up with.
const SCALE: usize = 20;

/// The exact sum of figures in plain digits.
fn sum<'a>(figures: impl Iterator<Item = &'a String>) -> Result<String> {
    let mut sum: i128 = 0;
    for figure in figures {
        let (whole, part) = figure.split_once('.').unwrap_or((figure, ""));
        if part.len() > SCALE {
            return Err(format!("{figure} has more than {SCALE} digits of fraction").into());
        }
        sum += format!("{whole}{part:0<SCALE$}").parse::<i128>()?;
    }
    let (sign, digits) = (if sum < 0 { "-" } else { "" }, format!("{:01$}", sum.unsigned_abs(), SCALE + 1));
    let (whole, part) = digits.split_at(digits.len() - SCALE);
    Ok(format!("{sign}{whole}.{part}").trim_end_matches('0').trim_end_matches('.').to_string())
}

#[cfg(test)]
mod tests {
    use super::sum;

    #[test]
    fn figures_of_any_length_add_up_exactly() {
        let cases: [(&[&str], &str); 4] = [
            (&["18.0066386184", "1.97651418586", "0.53707392473"], "20.52022672899"),
            (&["-0.00000000000000000001", "1"], "0.99999999999999999999"),
            (&["-2.5", "0.5"], "-2"),
            (&[], "0"),
        ];
        for (figures, expected) in cases {
            let figures: Vec<String> = figures.iter().map(ToString::to_string).collect();
            assert_eq!(sum(figures.iter()).unwrap(), expected);
        }
    }
}
