//! `import`: usage from other systems' files.

use super::import_focus;
use crate::args::{self, Args};
use crate::failure::Failure;

pub(crate) fn run(args: &Args, asked: &args::Import) -> Result<(), Failure> {
    match &asked.format {
        args::ImportFormat::Focus(focus) => import_focus::run(args, focus),
    }
}
