//! TLS: which certificates a node accepts, and that it sends nothing where it accepts none.

use crate::database::{Database, connect, left_out};
use crate::support::{NOW, at, charge};
use std::io::{Read, Write};
use std::net::TcpListener;
use usage_store::postgres::{Limits, PostgresStore, exists};
use usage_store::{Handling, Store, StoreError};

/// The folder of the authorities `ca.pem`, which signed the server's certificate for `localhost`, and
/// `other.pem`.
const AUTHORITIES: &str = "USAGE_TEST_POSTGRES_AUTHORITIES";

/// A database, and the folder of authorities. `None` where either is missing and may be.
async fn database() -> Option<(Database, String)> {
    let database = Database::new().await?;
    match std::env::var(AUTHORITIES) {
        Ok(folder) => Some((database, folder)),
        Err(_) => {
            left_out(&format!("{AUTHORITIES} names no folder: 'cargo xtask test' makes one"));
            None
        }
    }
}

/// A database's address with these settings, on a host of this name.
fn address(database: &Database, host: &str, settings: &str) -> String {
    format!("{}?{settings}", database.address().replace("127.0.0.1", host))
}

async fn open(address: &str) -> Result<PostgresStore, StoreError> {
    let limits = Limits { connections: 2, ..Limits::default() };
    PostgresStore::open(address, [7; 16], limits).await
}

/// How many connections of nodes there are with TLS, and without.
async fn connections(database: &Database) -> (i64, i64) {
    let sql = "SELECT count(*) FILTER (WHERE ssl), count(*) FILTER (WHERE NOT ssl)
               FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
               WHERE application_name = 'usage_app' AND datname = $1";
    let row = connect(&database.address()).await.query_one(sql, &[&database.name]).await.unwrap();
    (row.get(0), row.get(1))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_is_as_asked_is_accepted() {
    let Some((database, folder)) = database().await else { return };
    for (host, settings, encrypted) in [
        ("localhost", format!("sslmode=verify-full&sslrootcert={folder}/ca.pem"), true),
        // It is of another name than this address has, and that is not asked.
        ("127.0.0.1", format!("sslmode=verify-ca&sslrootcert={folder}/ca.pem"), true),
        ("127.0.0.1", format!("sslmode=require&sslrootcert={folder}/ca.pem"), true),
        // Nobody is asked who signed it.
        ("127.0.0.1", "sslmode=require".to_string(), true),
        ("127.0.0.1", "sslmode=prefer".to_string(), true),
        ("127.0.0.1", "sslmode=disable".to_string(), false),
        // The password is only given to whoever has the certificate.
        ("127.0.0.1", "sslmode=require&channel_binding=require".to_string(), true),
    ] {
        let node = open(&address(&database, host, &settings)).await.unwrap();
        let sent = node.append(vec![charge(&settings, "alice")], at(NOW), Handling::Strict).await;
        assert!(sent.is_ok(), "{settings}: {sent:?}");
        let (with, without) = connections(&database).await;
        assert_eq!((with > 0, without > 0), (encrypted, !encrypted), "{host} {settings}");
        node.close().await.unwrap();
        while connections(&database).await != (0, 0) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_another_authority_or_host_is_refused_in_one_line() {
    let Some((database, folder)) = database().await else { return };
    for (host, settings, expected) in [
        ("localhost", format!("sslmode=verify-full&sslrootcert={folder}/other.pem"), "UnknownIssuer"),
        ("localhost", format!("sslmode=verify-ca&sslrootcert={folder}/other.pem"), "UnknownIssuer"),
        ("localhost", format!("sslmode=require&sslrootcert={folder}/other.pem"), "UnknownIssuer"),
        ("localhost", "sslmode=verify-full".to_string(), "UnknownIssuer"),
        ("127.0.0.1", format!("sslmode=verify-full&sslrootcert={folder}/ca.pem"), "not valid for name"),
    ] {
        let address = address(&database, host, &settings);
        for error in [open(&address).await.err().unwrap(), exists(&address).await.err().unwrap()] {
            assert!(matches!(error, StoreError::WrongDatabase { .. }), "{error:?}");
            let said = error.to_string();
            assert!(said.contains("TLS") && said.contains(expected) && !said.contains('\n'), "{said}");
        }
    }
    assert!(!exists(&database.address()).await.unwrap(), "something was made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_tls_is_told_nothing_where_tls_is_required() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = [0; 8];
        stream.read_exact(&mut asked).unwrap();
        stream.write_all(b"N").unwrap();
        let mut told = Vec::new();
        stream.read_to_end(&mut told).unwrap();
        told
    });
    let refused =
        open(&format!("postgres://bob:secret@{address}/usage?sslmode=require")).await.err().unwrap();
    assert!(matches!(refused, StoreError::WrongDatabase { .. }), "{refused:?}");
    assert!(refused.to_string().contains("server does not support TLS"), "{refused}");
    assert_eq!(server.join().unwrap(), b"");
}
