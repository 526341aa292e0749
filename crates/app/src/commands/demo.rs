//! `demo`: sample data where the folder or database is new, then the service.

use super::{loaddata, serve};
use crate::args::{self, Args};
use crate::failure::Failure;
use crate::output;
use usage_import::fixture::FixtureText;

const SAMPLE: [(&str, &str); 2] = [
    ("customer_data.json", include_str!("../../../../customer_data.json")),
    ("usage_data.json", include_str!("../../../../usage_data.json")),
];

pub(crate) fn run(args: &Args, asked: &args::Serve) -> Result<(), Failure> {
    if args.database.exists()? {
        output::write(&format!("{} is there already; its data stays as it is.\n", args.database))?;
    } else {
        let texts = SAMPLE.map(|(file, text)| FixtureText { file: file.to_string(), text: text.to_string() });
        let loaded = loaddata::load(args, &texts, true)?;
        output::write(&format!(
            "Made {} with sample data: {} customers, {} usage events of this month.\n",
            args.database, loaded.customers, loaded.accepted
        ))?;
    }
    output::write(&hints(args, &asked.listen))?;
    serve::run(args, asked)
}

fn hints(args: &Args, listen: &str) -> String {
    let folder = &args.database;
    format!(
        "\nTry, in another terminal:\n\
         \x20 usage_app --database {folder} bill 123     Alice, who used nothing this month\n\
         \x20 usage_app --database {folder} bill 456     Bob, who owes $16.61\n\
         \x20 usage_app --database {folder} bill acme    a bill with many lines\n\
         \x20 usage_app --database {folder} customers    all of them\n\
         \x20 curl http://{listen}/api/v1/customers/456/bill\n\
         \x20 curl -d customer=456 http://{listen}/api/v1/usage/create/\n\
         The documentation of the interface: http://{listen}/docs\n\
         Ctrl-C stops the service; the data stays.\n\n"
    )
}
