//! Where the database is: the address as the person gave it, and how it is shown.
//!
//! A password is never shown, whatever is wrong with the address.

use crate::StoreError;
use std::str::FromStr;
use tokio_postgres::config::{Host, SslMode};

/// The address of a database, `postgres://user:password@host:port/database`.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) config: tokio_postgres::Config,
    shown: String,
}

/// Whether this names a PostgreSQL database rather than a folder.
#[must_use]
pub fn is_address(text: &str) -> bool {
    text.starts_with("postgres://") || text.starts_with("postgresql://")
}

/// The address without its password.
#[must_use]
pub fn shown(text: &str) -> String {
    match tokio_postgres::Config::from_str(text) {
        Ok(config) => show(&config),
        Err(_) => "postgres://…".to_string(),
    }
}

impl Address {
    /// Reads an address.
    pub(super) fn read(text: &str) -> Result<Address, StoreError> {
        let wrong = |reason: String| StoreError::WrongDatabase { database: "this address".into(), reason };
        let config =
            tokio_postgres::Config::from_str(text).map_err(|error| wrong(super::error::chain(&error)))?;
        let address = Address { shown: show(&config), config };
        if address.config.get_hosts().is_empty() {
            return Err(address.wrong("it names no host"));
        }
        if address.config.get_ssl_mode() == SslMode::Require {
            return Err(address.wrong("it asks for TLS (sslmode=require), which is not built in yet"));
        }
        Ok(address)
    }

    /// The database is there and cannot be used.
    pub(super) fn wrong(&self, reason: impl Into<String>) -> StoreError {
        StoreError::WrongDatabase { database: self.shown.clone(), reason: reason.into() }
    }

    /// The database cannot be reached.
    pub(super) fn unreachable(&self, reason: &str) -> StoreError {
        StoreError::Unavailable(format!("{} does not answer: {reason}", self.shown))
    }
}

fn show(config: &tokio_postgres::Config) -> String {
    let user = config.get_user().map(|user| format!("{user}@")).unwrap_or_default();
    let mut ports = config.get_ports().iter();
    let mut host = |host: &Host| {
        let name = match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        };
        match ports.next() {
            Some(port) => format!("{name}:{port}"),
            None => name,
        }
    };
    let hosts: Vec<String> = config.get_hosts().iter().map(&mut host).collect();
    let database = config.get_dbname().map(|name| format!("/{name}")).unwrap_or_default();
    format!("postgres://{user}{}{database}", hosts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for (given, expected) in [
            ("postgres://bob:secret@db.example:5433/usage", "postgres://bob@db.example:5433/usage"),
            ("postgresql://db.example/usage?password=secret", "postgres://db.example:5432/usage"),
            ("postgres://a:secret@one:1,two:2/usage", "postgres://a@one:1,two:2/usage"),
            ("postgres://bob:secret@db:port/usage", "postgres://…"),
        ] {
            assert!(is_address(given));
            assert_eq!(shown(given), expected);
            let more = if given.contains('?') { '&' } else { '?' };
            let refused = Address::read(&format!("{given}{more}sslmode=nonsense")).err().unwrap().to_string();
            assert!(!refused.contains("secret"), "{refused}");
        }
        assert!(!is_address("usage-data"));
    }
}
