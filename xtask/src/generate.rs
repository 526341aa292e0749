//! Documents that the program writes about itself.

use crate::Result;
use crate::workspace::{Workspace, app, output};
use std::fs;
use std::path::Path;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Write nothing; fail where a document is not what would be written.
    #[arg(long)]
    pub(crate) check: bool,
}

/// Each document and the hidden command that prints it.
const DOCUMENTS: [(&str, &str); 2] = [("docs/openapi.json", "openapi"), ("docs/cli.md", "help-markdown")];

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let program = workspace.build_app()?;
    let mut stale = Vec::new();
    for (path, command) in DOCUMENTS {
        let text = output(app(&program, Path::new("usage-data")).arg(command))
            .map_err(|failure| format!("{path} is made by `usage_app {command}`, which failed: {failure}"))?;
        let text = format!("{}\n", text.trim_end());
        let file = workspace.root.join(path);
        let current = fs::read_to_string(&file).ok();
        if current.as_ref() == Some(&text) {
            println!("{path} is current");
        } else if options.check {
            stale.push(match current {
                None => format!("{path} is missing"),
                Some(current) => format!("{path} differs from line {} on", first_difference(&current, &text)),
            });
        } else {
            fs::create_dir_all(file.parent().unwrap_or(&workspace.root))?;
            fs::write(&file, text)?;
            println!("{path} is written");
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    Err(format!("{}; run `cargo xtask generate` and commit what it writes", stale.join("; ")).into())
}

/// The first line, from 1, in which two texts differ.
fn first_difference(one: &str, other: &str) -> usize {
    one.lines().zip(other.lines()).take_while(|(a, b)| a == b).count() + 1
}
