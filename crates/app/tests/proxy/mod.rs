//! A way to the database that can be closed: what a service sees of a database that is away.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// How the way is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Open,
    /// Every connection ends, and new ones end at once.
    Closed,
    /// What is sent goes nowhere, and nobody answers.
    Silent,
}

struct State {
    way: Way,
    /// Both ends of every connection.
    streams: Vec<TcpStream>,
}

/// A port of this machine that leads to a database.
pub(crate) struct Proxy {
    address: String,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    /// An open way to the database of this address, by a host and a port.
    pub(crate) fn to(database: &str) -> Proxy {
        let (before, rest) = database.split_once('@').unwrap();
        let (server, name) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("{before}@{}/{name}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State { way: Way::Open, streams: Vec::new() }));
        let (server, shared) = (server.to_string(), state.clone());
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let mut state = shared.lock().unwrap();
                match state.way {
                    Way::Open => {
                        let server = TcpStream::connect(&server).unwrap();
                        for stream in [&client, &server] {
                            stream.set_nodelay(true).unwrap();
                            state.streams.push(stream.try_clone().unwrap());
                        }
                        carry(client.try_clone().unwrap(), server.try_clone().unwrap(), shared.clone());
                        carry(server, client, shared.clone());
                    }
                    Way::Closed => {}
                    Way::Silent => state.streams.push(client),
                }
            }
        });
        Proxy { address, state }
    }

    /// The database's address by this way.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn set(&self, way: Way) {
        let mut state = self.state.lock().unwrap();
        state.way = way;
        if way != Way::Silent {
            for stream in state.streams.drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }
}

/// Carries what comes from one end to the other, while the way is open.
fn carry(mut from: TcpStream, mut to: TcpStream, state: Arc<Mutex<State>>) {
    thread::spawn(move || {
        let mut bytes = [0; 16 << 10];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            if state.lock().unwrap().way == Way::Open && to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        for stream in [from, to] {
            let _ = stream.shutdown(Shutdown::Both);
        }
    });
}
