//! Several services on one PostgreSQL database, as processes, and commands beside them.

mod proxy;

use proxy::{Proxy, Way};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use usage_client::{CreateUsage, Event, UsageAPIClient};

/// The database to test with; it may have the data of earlier runs. `None` where none is named and none
/// needs to be.
fn database() -> Option<String> {
    let named = std::env::var("USAGE_TEST_POSTGRES").ok();
    if named.is_none() {
        let text = "USAGE_TEST_POSTGRES names no server: 'cargo xtask test' starts one";
        let required = std::env::var("USAGE_REQUIRE_POSTGRES").is_ok_and(|value| value == "1");
        assert!(!required, "USAGE_REQUIRE_POSTGRES=1, and {text}");
        // Past the capture of what tests print: nobody is to think that this was tested.
        let _ = writeln!(std::io::stderr(), "LEFT OUT: a test of PostgreSQL: {text}");
    }
    named
}

fn usage_app(database: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_usage_app"));
    for name in ["USAGE_APP_LISTEN", "USAGE_APP_LOG"] {
        command.env_remove(name);
    }
    // As a person would who does not want the password in the list of processes.
    command.env("USAGE_APP_DATABASE", database).args(arguments);
    command
}

fn run(database: &str, arguments: &[&str]) -> Output {
    usage_app(database, arguments).output().unwrap()
}

#[track_caller]
fn printed(database: &str, arguments: &[&str]) -> String {
    let output = run(database, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// A service on a free port; it is killed when this goes.
struct Service {
    process: Child,
    client: UsageAPIClient,
}

impl Service {
    fn start(database: &str) -> Service {
        let mut command = usage_app(database, &["serve", "--listen", "127.0.0.1:0"]);
        // What is silent is given up soon.
        command.env("USAGE_APP_POSTGRES_WAIT", "2").env("USAGE_APP_POSTGRES_STATEMENT", "4");
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("Listening on ").unwrap_or_else(|| panic!("{line:?}"));
        Service { process, client: UsageAPIClient::new(url).unwrap() }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn services_on_one_database_answer_as_one_and_may_be_killed() {
    let Some(database) = database() else { return };
    printed(&database, &["migrate"]);
    let key = format!("nodes-{}", std::process::id());
    let (one, other) = (Service::start(&database), Service::start(&database));
    let customer = serde_json::json!({"name": "Nodes", "key": key});
    one.client.create_customer(&serde_json::from_value(customer).unwrap()).unwrap();
    let number = other.client.customer(&key).unwrap().number;
    let event = Event::new(&key).data_json(r#"{"amount":"10.01"}"#).unwrap();
    assert_eq!(one.client.ingest([&event]).unwrap().accepted, 1);
    assert_eq!(other.client.ingest([&event]).unwrap().duplicate, 1);
    assert_eq!(other.client.bill(&key, None).unwrap().total, "10.01");
    let posted = |service: &Service| match service.client.create_usage(number).unwrap() {
        CreateUsage::Posted(posting) => format!("posted {}", posting.accumulated_price),
        CreateUsage::AlreadyProcessed(_) => "nothing new".to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!((posted(&one), posted(&other)), ("posted 10.01".into(), "nothing new".into()));
    // Without a word of farewell.
    drop(one);
    let more = Event::new(&key).data_json(r#"{"amount":"0.99"}"#).unwrap();
    assert_eq!(other.client.ingest([&event, &more]).unwrap().accepted, 1);
    assert_eq!(posted(&other), "posted 11.00");
    // A command is a node as well, while a service runs.
    assert!(printed(&database, &["bill", &key]).contains("11.00"));
    assert!(printed(&database, &["verify"]).starts_with("All is well"));
    let third = Service::start(&database);
    assert_eq!(third.client.bill(&key, None).unwrap().total, "11.00");
}

/// What a service answers to a request without a body: its head, in small letters, and its body.
fn ask(service: &Service, method: &str, path: &str) -> String {
    let host = service.client.base_url().trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.to_lowercase()
}

#[test]
fn while_the_database_is_away_requests_are_503_and_nothing_is_lost_or_counted_twice() {
    let Some(database) = database() else { return };
    let proxy = Proxy::to(&database);
    let service = Service::start(proxy.address());
    let ready = || ask(&service, "GET", "/readyz");
    let key = format!("away-{}", std::process::id());
    let customer = serde_json::json!({"name": "Away", "key": key});
    service.client.create_customer(&serde_json::from_value(customer).unwrap()).unwrap();
    let event = |cost: &str| Event::new(&key).data_json(&format!(r#"{{"amount":"{cost}"}}"#)).unwrap();
    let (before, while_away) = (event("1"), event("2"));
    assert_eq!(service.client.ingest([&before]).unwrap().accepted, 1);
    assert!(ready().starts_with("http/1.1 200"), "{}", ready());
    // A client that tries once: it is told to come back.
    let once = UsageAPIClient::builder(service.client.base_url()).retries(0).build().unwrap();
    for way in [Way::Closed, Way::Silent] {
        proxy.set(way);
        let answer = ready();
        assert!(answer.starts_with("http/1.1 503") && answer.contains("\r\nretry-after: 1\r\n"), "{answer}");
        assert!(ask(&service, "GET", "/healthz").starts_with("http/1.1 200"));
        let error = once.ingest([&while_away]).unwrap_err().error.to_string();
        assert!(error.contains("503"), "{error}");
        let bill = ask(&service, "GET", &format!("/api/v1/customers/{key}/bill"));
        assert!(bill.starts_with("http/1.1 503") && bill.contains("\r\nretry-after: 1\r\n"), "{bill}");
        assert!(bill.contains("/problems/unavailable"), "{bill}");
        proxy.set(Way::Open);
        let back = ready();
        assert!(back.starts_with("http/1.1 200"), "{back}");
    }
    let sent = service.client.ingest([&before, &while_away]).unwrap();
    assert_eq!((sent.accepted, sent.duplicate), (1, 1));
    assert_eq!(service.client.bill(&key, None).unwrap().total, "3.00");
}

#[test]
fn a_database_that_cannot_be_used_is_one_clear_line_and_an_exit_code() {
    for (address, code, line) in [
        ("postgres://bob:secret@127.0.0.1:1/usage", 4, "postgres://bob@127.0.0.1:1/usage does not answer"),
        ("postgres://bob:secret@127.0.0.1:1/usage?sslmode=verify-ca", 3, "needs sslrootcert=FILE"),
        (
            "postgres://bob:secret@127.0.0.1:1/usage?sslmode=verify-full&sslrootcert=/nowhere.pem",
            3,
            "sslrootcert=/nowhere.pem: ",
        ),
        ("postgres://bob:secret@127.0.0.1:one/usage", 3, "invalid value for option `port`"),
    ] {
        for command in ["migrate", "customers", "serve"] {
            let output = run(address, &[command]);
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(code), "{said}");
            assert!(said.contains(line) && !said.contains("secret") && said.lines().count() == 1, "{said}");
        }
    }
    let help = run("postgres://bob:secret@127.0.0.1:1/usage", &["--help"]);
    assert!(!String::from_utf8(help.stdout).unwrap().contains("secret"));
}
