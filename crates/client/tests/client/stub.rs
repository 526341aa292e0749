//! A service on a port of its own that answers by script and remembers what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What to do with the next request.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// Answer with this status and body, and keep the connection.
    Body(u16, &'static str),
    /// The same with one further header line.
    WithHeader(u16, &'static str, &'static str),
    /// Accept every event of the batch.
    Accept,
    /// Close the connection without an answer.
    HangUp,
    /// Say nothing until the client closes the connection.
    Silence,
}

/// A request as it arrived.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// The how-manieth connection it came on, from 0.
    pub(crate) connection: usize,
    /// Such as `POST /api/v1/events HTTP/1.1`.
    pub(crate) line: String,
    /// Lines, with names in lower case.
    pub(crate) headers: Vec<String>,
    /// The bytes.
    pub(crate) body: String,
}

#[derive(Default)]
struct State {
    script: Vec<Answer>,
    asked: Vec<Asked>,
}

/// A running service. It ends with the test.
pub(crate) struct Stub {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

impl Stub {
    /// Answers the first requests by `script`, in order, and all further ones with 500.
    pub(crate) fn new(script: impl IntoIterator<Item = Answer>) -> Stub {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut script: Vec<Answer> = script.into_iter().collect();
        script.reverse();
        let state = Arc::new(Mutex::new(State { script, asked: Vec::new() }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                let (stream, state) = (stream.unwrap(), Arc::clone(&shared));
                thread::spawn(move || serve(connection, &stream, &state));
            }
        });
        Stub { url, state }
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.lock().unwrap().asked.clone()
    }

    /// The only request so far.
    pub(crate) fn only(&self) -> Asked {
        let asked = self.asked();
        assert_eq!(asked.len(), 1, "{asked:#?}");
        asked[0].clone()
    }
}

impl Asked {
    pub(crate) fn has(&self, header: &str) -> bool {
        self.headers.iter().any(|line| line == header)
    }

    /// The ids of the events in the body.
    pub(crate) fn ids(&self) -> Vec<String> {
        let events: Vec<serde_json::Value> = serde_json::from_str(&self.body).unwrap();
        events.iter().map(|event| event["id"].as_str().unwrap().to_string()).collect()
    }
}

fn serve(connection: usize, stream: &TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream);
    while let Some(asked) = read(&mut reader) {
        let answer = {
            let mut state = state.lock().unwrap();
            state.asked.push(Asked { connection, ..asked.clone() });
            state.script.pop().unwrap_or(Answer::Body(500, "the script is over"))
        };
        let (status, header, body) = match answer {
            Answer::Body(status, body) => (status, "", body.to_string()),
            Answer::WithHeader(status, header, body) => (status, header, body.to_string()),
            Answer::Accept => (200, "", accept(asked.ids().len())),
            Answer::HangUp => return,
            Answer::Silence => {
                let _ = reader.read(&mut [0]);
                return;
            }
        };
        let length = body.len();
        let separator = if header.is_empty() { "" } else { "\r\n" };
        let head = format!("HTTP/1.1 {status} Status\r\nContent-Length: {length}{separator}{header}\r\n\r\n");
        let mut stream = stream;
        if stream.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

fn accept(events: usize) -> String {
    let verdicts: Vec<String> =
        (0..events).map(|index| format!(r#"{{"index":{index},"verdict":"accepted"}}"#)).collect();
    let verdicts = verdicts.join(",");
    format!(r#"{{"accepted":{events},"duplicate":0,"conflict":0,"rejected":0,"verdicts":[{verdicts}]}}"#)
}

/// The next request, or `None` where the client closed the connection.
fn read(reader: &mut BufReader<&TcpStream>) -> Option<Asked> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        lines.push(line.to_string());
    }
    let line = lines.remove(0);
    let headers: Vec<String> = lines.iter().map(|line| lower_name(line)).collect();
    let length = headers.iter().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { connection: 0, line, headers, body: String::from_utf8(body).unwrap() })
}

fn lower_name(line: &str) -> String {
    let (name, value) = line.split_once(':').unwrap();
    format!("{}:{value}", name.to_lowercase())
}
