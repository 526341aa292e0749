//! What a person is told when a command does not come about: what happened, what was kept, what to
//! do next, and the exit code.

use usage_client::ClientError;
use usage_domain::customer::InvalidRef;
use usage_domain::time::TimeError;
use usage_engine::EngineError;
use usage_import::ImportError;
use usage_store::StoreError;

/// The kinds of failure, each with an exit code of its own. 2 is the argument parser's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Something that was asked for cannot be done, or some input is wrong.
    Operation = 1,
    /// The folder or database cannot be used: in use, damaged, of another program or version.
    Folder = 3,
    /// The network: an address is taken, a service or database does not answer.
    Network = 4,
    /// Verifying or measuring found something that does not agree.
    Verification = 5,
}

/// Exit codes, for `--help`.
pub(crate) const EXIT_CODES: &str = "Exit codes:
  0  done
  1  the operation failed or some input is wrong; the message says what was kept
  2  the arguments are wrong
  3  the folder or database cannot be used: in use, damaged, of another program or a newer version
  4  the address is taken, or the running service or the database does not answer
  5  'verify', 'verify-bill' or 'bench' found something that does not agree";

/// A command that did not come about.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    what: String,
    next: Option<String>,
}

impl Failure {
    pub(crate) fn operation(what: impl Into<String>) -> Failure {
        Failure { kind: Kind::Operation, what: what.into(), next: None }
    }

    pub(crate) fn folder(what: impl Into<String>) -> Failure {
        Failure { kind: Kind::Folder, what: what.into(), next: None }
    }

    pub(crate) fn network(what: impl Into<String>) -> Failure {
        Failure { kind: Kind::Network, what: what.into(), next: None }
    }

    pub(crate) fn verification(what: impl Into<String>) -> Failure {
        Failure { kind: Kind::Verification, what: what.into(), next: None }
    }

    /// What to do next.
    pub(crate) fn next(mut self, next: impl Into<String>) -> Failure {
        self.next = Some(next.into());
        self
    }

    pub(crate) fn code(&self) -> u8 {
        self.kind as u8
    }

    /// Writes it to standard error.
    pub(crate) fn print(&self, json: bool) {
        if json {
            let error = serde_json::json!({"error": self.what, "next": self.next, "exit_code": self.code()});
            eprintln!("{error}");
            return;
        }
        eprintln!("usage_app: {}", self.what);
        if let Some(next) = &self.next {
            eprintln!("  {next}");
        }
    }
}

/// The error with its causes, each said once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        let what = chain(&error);
        match error {
            StoreError::InUse { .. } => {
                Failure::folder(what).next("Wait until it is done, or name another folder with --database.")
            }
            StoreError::Damaged { .. } => Failure::folder(what)
                .next("Nothing was changed. Bring the folder back from a backup; 'usage_app verify' lists all damage."),
            StoreError::WrongFolder { .. }
            | StoreError::WrongDatabase { .. }
            | StoreError::DamagedRow { .. }
            | StoreError::Io { .. } => Failure::folder(what),
            StoreError::Unavailable(_) => Failure::network(what),
            _ => Failure::operation(what),
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Failure {
        match error {
            EngineError::Store(error @ StoreError::NoMeter) => {
                Failure::operation(chain(&error)).next("'usage_app meters' lists those that there are.")
            }
            EngineError::Store(error) => error.into(),
            EngineError::NoCustomer(_) => {
                Failure::operation(chain(&error)).next("'usage_app customers' lists those that there are.")
            }
            _ => Failure::operation(chain(&error)),
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Failure {
        match error {
            ClientError::Network(_) => Failure::network(chain(&error)),
            _ => Failure::operation(chain(&error)),
        }
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Failure {
        Failure::operation(chain(&error)).next("Nothing was stored.")
    }
}

impl From<TimeError> for Failure {
    fn from(error: TimeError) -> Failure {
        Failure::operation(error.to_string())
    }
}

impl From<InvalidRef> for Failure {
    fn from(error: InvalidRef) -> Failure {
        Failure::operation(error.to_string())
    }
}
