//! `import`: usage from other systems' files.

mod csv;
mod focus;
mod replace;
mod rows;

use crate::args::{self, Args};
use crate::failure::Failure;

pub(crate) fn run(args: &Args, asked: &args::Import) -> Result<(), Failure> {
    match &asked.format {
        args::ImportFormat::Focus(asked) => focus::run(args, asked),
        args::ImportFormat::Csv(asked) => csv::run(args, asked),
    }
}
