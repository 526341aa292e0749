//! Arguments about the catalog.

use clap::Args as Arguments;
use std::path::PathBuf;

#[derive(Arguments)]
pub(crate) struct Apply {
    /// The file: YAML or JSON. 'usage_app export catalog --schema' prints what it may say.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Only show what there is to do.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Arguments)]
pub(crate) struct ExportCatalog {
    /// Print the JSON Schema of the file instead, for editors.
    #[arg(long, conflicts_with = "output")]
    pub(crate) schema: bool,

    /// The file. [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}
