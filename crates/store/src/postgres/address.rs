//! Where the database is: the address as the person gave it, and how it is shown.
//!
//! A password is never shown, whatever is wrong with the address.

use super::tls::{self, Check};
use crate::StoreError;
use std::str::FromStr;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The address of a database, `postgres://user:password@host:port/database`.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) config: tokio_postgres::Config,
    pub(super) tls: MakeRustlsConnect,
    shown: String,
}

/// Whether this names a PostgreSQL database rather than a folder.
#[must_use]
pub fn is_address(text: &str) -> bool {
    after_scheme(text).is_some()
}

/// What follows `postgres://` or `postgresql://`, in letters of either case.
fn after_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    let is_known = ["postgres", "postgresql"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    is_known.then_some(rest)
}

/// The address without its password.
#[must_use]
pub fn shown(text: &str) -> String {
    match tokio_postgres::Config::from_str(&Parts::of(text).driver) {
        Ok(config) => show(&config),
        Err(_) => "postgres://…".to_string(),
    }
}

impl Address {
    /// Reads an address.
    pub(super) fn read(text: &str) -> Result<Address, StoreError> {
        let wrong = |reason: String| StoreError::WrongDatabase { database: "this address".into(), reason };
        let parts = Parts::of(text);
        let mut config = tokio_postgres::Config::from_str(&parts.driver)
            .map_err(|error| wrong(super::error::chain(&error)))?;
        let shown = show(&config);
        let wrong = |reason: String| StoreError::WrongDatabase { database: shown.clone(), reason };
        if config.get_hosts().is_empty() {
            return Err(wrong("it names no host".into()));
        }
        let check = match parts.mode.as_deref() {
            Some("verify-full") => Check::Host,
            Some("verify-ca") if parts.authorities.is_some() => Check::Authority,
            Some("verify-ca") => return Err(wrong("sslmode=verify-ca needs sslrootcert=FILE".into())),
            // As libpq has it: an authority that is named is asked.
            _ if config.get_ssl_mode() == SslMode::Require && parts.authorities.is_some() => Check::Authority,
            _ => Check::Nothing,
        };
        if check != Check::Nothing {
            config.ssl_mode(SslMode::Require);
        }
        let tls = tls::connector(check, parts.authorities.as_deref()).map_err(wrong)?;
        Ok(Address { config, tls, shown })
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

/// An address, and what it says of the certificate, which the driver knows nothing of.
struct Parts {
    driver: String,
    /// `verify-ca` or `verify-full`.
    mode: Option<String>,
    /// The file of the authorities.
    authorities: Option<String>,
}

impl Parts {
    fn of(text: &str) -> Parts {
        let (mut mode, mut authorities) = (None, None);
        // The driver knows the scheme in small letters only.
        let text = after_scheme(text).map_or_else(|| text.into(), |rest| format!("postgres://{rest}"));
        let Some((driver, settings)) = text.split_once('?') else {
            return Parts { driver: text, mode, authorities };
        };
        let rest: Vec<&str> = settings
            .split('&')
            .filter(|setting| match setting.split_once('=') {
                Some(("sslmode", value @ ("verify-ca" | "verify-full"))) => {
                    mode = Some(value.to_string());
                    false
                }
                Some(("sslrootcert", value)) => {
                    authorities = Some(unescaped(value));
                    false
                }
                _ => true,
            })
            .collect();
        let driver =
            if rest.is_empty() { driver.to_string() } else { format!("{driver}?{}", rest.join("&")) };
        Parts { driver, mode, authorities }
    }
}

/// A text in which any byte may stand as `%` and two digits.
fn unescaped(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((first, more)) = rest.split_first() {
        let digits = more.get(..2).filter(|_| *first == b'%').and_then(|two| std::str::from_utf8(two).ok());
        let escaped = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &more[2..] } else { more };
    }
    String::from_utf8_lossy(&bytes).into_owned()
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
            ("Postgres://bob:secret@db/usage", "postgres://bob@db:5432/usage"),
            ("POSTGRESQL://db/usage", "postgres://db:5432/usage"),
            ("postgres://b:secret@db/usage?sslmode=verify-full&sslrootcert=a", "postgres://b@db:5432/usage"),
        ] {
            assert!(is_address(given));
            assert_eq!(shown(given), expected);
            let more = if given.contains('?') { '&' } else { '?' };
            let refused = Address::read(&format!("{given}{more}sslmode=nonsense")).err().unwrap().to_string();
            assert!(!refused.contains("secret"), "{refused}");
        }
        for other in ["usage-data", "postgre://h/d", "postgres:/h", "mysql://h/d", "a/postgres://h"] {
            assert!(!is_address(other), "{other}");
        }
    }

    #[test]
    fn what_the_driver_does_not_know_is_read_before_it() {
        for (given, driver, mode, authorities) in [
            ("postgres://h/d", "postgres://h/d", None, None),
            ("postgres://h/d?sslmode=require", "postgres://h/d?sslmode=require", None, None),
            ("postgres://h/d?sslmode=verify-full", "postgres://h/d", Some("verify-full"), None),
            (
                "postgres://h/d?connect_timeout=3&sslrootcert=/a%20b/c%2&sslmode=verify-ca&target_session_attrs=any",
                "postgres://h/d?connect_timeout=3&target_session_attrs=any",
                Some("verify-ca"),
                Some("/a b/c%2"),
            ),
        ] {
            let parts = Parts::of(given);
            assert_eq!(parts.driver, driver);
            assert_eq!((parts.mode.as_deref(), parts.authorities.as_deref()), (mode, authorities), "{given}");
        }
    }

    #[test]
    fn authorities_that_cannot_be_read_are_told() {
        for (settings, expected) in [
            ("sslmode=verify-ca", "sslmode=verify-ca needs sslrootcert=FILE"),
            ("sslmode=verify-full&sslrootcert=/nowhere/ca.pem", "sslrootcert=/nowhere/ca.pem: "),
            ("sslmode=verify-full&sslrootcert=/dev/null", "sslrootcert=/dev/null: it has no certificate"),
        ] {
            let refused = Address::read(&format!("postgres://a:secret@h/d?{settings}")).err().unwrap();
            let said = refused.to_string();
            assert!(said.contains(expected) && !said.contains("secret"), "{said}");
        }
        assert!(Address::read("postgres://h/d?sslmode=verify-full").is_ok());
        assert!(Address::read("postgres://h/d?sslmode=verify-full&sslrootcert=system").is_ok());
    }
}
