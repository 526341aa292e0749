//! `apply`: makes what is there as a file says.

use crate::args::{Apply, Args};
use crate::catalog::{Text, refused};
use crate::failure::Failure;
use crate::gateway::{Missing, open};
use crate::output;

pub(crate) fn run(args: &Args, asked: &Apply) -> Result<(), Failure> {
    let path = &asked.file;
    let unreadable = |error| {
        Failure::operation(format!("{} cannot be read: {error}", path.display())).next("Nothing was changed.")
    };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let text = Text::read(&text).map_err(|problems| refused(path, &problems))?;
    let gateway = open(args, if asked.dry_run { Missing::Refuse } else { Missing::Create })?;
    let applied = gateway.apply_catalog(&text.json(), asked.dry_run);
    gateway.close()?;
    let applied = applied?;
    if !applied.changes.refused.is_empty() {
        return Err(refused(path, &text.problems(&applied.changes.refused)));
    }
    if let Some(stopped) = &applied.stopped {
        let what = format!(
            "{} of {} changes were made; then {stopped}",
            applied.done,
            applied.changes.changes.len()
        );
        return Err(Failure::operation(what)
            .next("What was made stays. Put the rest right, and apply the file again."));
    }
    let end = if asked.dry_run { "Nothing was changed: this is a dry run." } else { "Applied." };
    output::either(args.json, &applied, &format!("{}\n{end}", applied.changes))
}
