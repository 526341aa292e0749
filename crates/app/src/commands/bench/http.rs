//! As much HTTP/1.1 as loading one service takes: kept-alive connections, bodies with a length.

use crate::failure::Failure;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// No answer is waited for longer.
const PATIENCE: Duration = Duration::from_secs(120);
/// The longest answer that is read.
const MOST: usize = 256 << 20;
/// What a request's length is written into, right-aligned.
const LENGTH_DIGITS: usize = 10;

/// Where a service is.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    host: String,
}

impl Target {
    /// The service of a URL such as `http://127.0.0.1:8000`.
    pub(super) fn new(url: &str) -> Result<Target, Failure> {
        let wrong = |reason: String| Failure::operation(format!("--url {url}: {reason}"));
        let host = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
        let host = host.filter(|host| !host.contains('/'));
        let host = host.ok_or_else(|| wrong("must be such as http://127.0.0.1:8000".into()))?;
        let with_port = if has_port(host) { host.to_string() } else { format!("{host}:80") };
        let mut addresses = with_port.to_socket_addrs().map_err(|error| wrong(error.to_string()))?;
        let address = addresses.next().ok_or_else(|| wrong("has no address".into()))?;
        Ok(Target { address, host: host.to_string() })
    }

    /// A request without a body.
    pub(super) fn get(&self, path: &str) -> Vec<u8> {
        format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.host).into_bytes()
    }

    /// A request with a body of JSON.
    pub(super) fn post(&self, path: &str, body: &str) -> Vec<u8> {
        let mut request = Envelope::new(self, path, "application/json");
        request.body().extend_from_slice(body.as_bytes());
        request.sealed().to_vec()
    }
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(':')
        .is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

/// A request whose body is made anew each time.
pub(super) struct Envelope {
    bytes: Vec<u8>,
    head: usize,
}

impl Envelope {
    pub(super) fn new(target: &Target, path: &str, media_type: &str) -> Envelope {
        let host = &target.host;
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: {media_type}\r\ncontent-length: {:LENGTH_DIGITS$}\r\n\r\n",
            0
        );
        Envelope { head: head.len(), bytes: head.into_bytes() }
    }

    /// The body, empty.
    pub(super) fn body(&mut self) -> &mut Vec<u8> {
        self.bytes.truncate(self.head);
        &mut self.bytes
    }

    /// The whole request, with the length of its body.
    pub(super) fn sealed(&mut self) -> &[u8] {
        let (mut length, end) = (self.bytes.len() - self.head, self.head - 4);
        for digit in self.bytes[end - LENGTH_DIGITS..end].iter_mut().rev() {
            // Spaces may stand before a header's value.
            *digit = if length > 0 { b'0' + (length % 10) as u8 } else { b' ' };
            length /= 10;
        }
        &self.bytes
    }
}

/// A connection that its thread waits for.
pub(super) struct Connection {
    stream: TcpStream,
    inbox: Inbox,
}

/// A connection that shares its thread with others.
pub(super) struct SharingConnection {
    stream: tokio::net::TcpStream,
    inbox: Inbox,
}

/// An answer.
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) body: &'a [u8],
}

impl Answer<'_> {
    /// Nothing where the status is this one; otherwise what was answered.
    pub(super) fn expect(&self, status: u16) -> Result<(), Failure> {
        if self.status == status {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&self.body[..self.body.len().min(500)]);
        Err(Failure::operation(format!("the service answered {}, not {status}: {said}", self.status)))
    }
}

impl Connection {
    pub(super) fn open(target: &Target) -> Result<Connection, Failure> {
        let opened = TcpStream::connect(target.address).and_then(|stream| {
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            Ok(Connection { stream, inbox: Inbox::default() })
        });
        opened.map_err(|error| unreachable(target, &error))
    }

    /// Sends a request and waits for its answer.
    pub(super) fn ask(&mut self, request: &[u8]) -> Result<Answer<'_>, Failure> {
        let asked = self.stream.write_all(request).and_then(|()| {
            self.inbox.clear();
            while !self.inbox.is_whole()? {
                let read = self.stream.read(self.inbox.room()?)?;
                self.inbox.add(read)?;
            }
            Ok(())
        });
        asked.map_err(|error| silent(&error))?;
        Ok(self.inbox.answer())
    }
}

impl SharingConnection {
    pub(super) async fn open(target: &Target) -> Result<SharingConnection, Failure> {
        let opened = tokio::net::TcpStream::connect(target.address).await.and_then(|stream| {
            stream.set_nodelay(true)?;
            Ok(SharingConnection { stream, inbox: Inbox::default() })
        });
        opened.map_err(|error| unreachable(target, &error))
    }

    /// Sends a request and waits for its answer.
    pub(super) async fn ask(&mut self, request: &[u8]) -> Result<Answer<'_>, Failure> {
        let asked = match timeout(PATIENCE, self.exchange(request)).await {
            Ok(asked) => asked,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        asked.map_err(|error| silent(&error))?;
        Ok(self.inbox.answer())
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.write_all(request).await?;
        self.inbox.clear();
        while !self.inbox.is_whole()? {
            let read = self.stream.read(self.inbox.room()?).await?;
            self.inbox.add(read)?;
        }
        Ok(())
    }
}

fn unreachable(target: &Target, error: &io::Error) -> Failure {
    Failure::network(format!("cannot connect to {}: {error}", target.address))
}

fn silent(error: &io::Error) -> Failure {
    Failure::network(format!("the service does not answer: {error}"))
}

/// What was received of an answer.
struct Inbox {
    received: Vec<u8>,
    filled: usize,
    /// Once it is there whole.
    head: Option<Head>,
}

impl Default for Inbox {
    fn default() -> Inbox {
        Inbox { received: vec![0; 4096], filled: 0, head: None }
    }
}

impl Inbox {
    fn clear(&mut self) {
        (self.filled, self.head) = (0, None);
    }

    /// Where more of the answer goes.
    fn room(&mut self) -> io::Result<&mut [u8]> {
        if self.filled == self.received.len() {
            if self.filled >= MOST {
                return Err(unreadable("an answer that is too long"));
            }
            self.received.resize(2 * self.filled, 0);
        }
        Ok(&mut self.received[self.filled..])
    }

    /// So many bytes came.
    fn add(&mut self, bytes: usize) -> io::Result<()> {
        if bytes == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.filled += bytes;
        Ok(())
    }

    fn is_whole(&mut self) -> io::Result<bool> {
        if self.head.is_none() {
            self.head = Head::read(&self.received[..self.filled])?;
        }
        let Some(head) = &self.head else { return Ok(false) };
        if self.filled > head.end + head.body {
            return Err(unreadable("more than one answer"));
        }
        Ok(self.filled == head.end + head.body)
    }

    /// The answer, once it is whole.
    fn answer(&self) -> Answer<'_> {
        let Head { status, end, body } = self.head.unwrap_or_default();
        Answer { status, body: &self.received[end..end + body] }
    }
}

fn unreadable(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// What an answer begins with.
#[derive(Clone, Copy, Default)]
struct Head {
    status: u16,
    end: usize,
    /// The length of the body.
    body: usize,
}

impl Head {
    /// Reads it where it is there whole.
    fn read(received: &[u8]) -> io::Result<Option<Head>> {
        let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
        let wrong = || unreadable("not an HTTP answer with a length");
        let head = std::str::from_utf8(&received[..end]).map_err(|_| wrong())?;
        let status = head.get(9..12).and_then(|code| code.parse().ok()).ok_or_else(wrong)?;
        let body = if matches!(status, 204 | 304) {
            0
        } else {
            head.split("\r\n").find_map(length).ok_or_else(wrong)?
        };
        Ok(Some(Head { status, end: end + 4, body }))
    }
}

fn length(line: &str) -> Option<usize> {
    let (name, value) = line.split_once(':')?;
    name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::thread;

    #[test]
    fn an_answer_is_read_whole_however_it_arrives() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = Target::new(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let body = "x".repeat(10_000);
        let answers = [
            vec!["HTTP/1.1 204 No Content\r\n\r\n".to_string()],
            vec!["HTTP/1.1 200 OK\r\nContent-Le".into(), "ngth: 10000\r\n\r\nx".into(), body[1..].into()],
            vec!["HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n".into()],
        ];
        let service = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            for answer in answers {
                let mut request = [0; 4096];
                assert!(stream.read(&mut request).unwrap() > 0);
                for part in answer {
                    stream.write_all(part.as_bytes()).unwrap();
                }
            }
        });
        let mut connection = Connection::open(&target).unwrap();
        for (status, length) in [(204, 0), (200, 10_000), (404, 0)] {
            let answer = connection.ask(&target.get("/")).unwrap();
            assert_eq!((answer.status, answer.body.len()), (status, length));
        }
        service.join().unwrap();
    }

    #[test]
    fn an_unexpected_status_is_told_with_the_answer() {
        let answer = Answer { status: 429, body: b"too much" };
        let failure = format!("{:?}", answer.expect(204).unwrap_err());
        assert!(failure.contains("the service answered 429, not 204: too much"), "{failure}");
    }

    #[test]
    fn a_request_names_the_length_of_its_body() {
        let target = Target::new("http://127.0.0.1:8000/").unwrap();
        let mut request = Envelope::new(&target, "/x", "application/json");
        for body in ["", "[1]", "a longer body", "{}"] {
            request.body().extend_from_slice(body.as_bytes());
            let text = String::from_utf8(request.sealed().to_vec()).unwrap();
            let (head, sent) = text.split_once("\r\n\r\n").unwrap();
            let length = head.split("\r\n").find_map(length);
            let expected = if body.is_empty() { None } else { Some(body.len()) };
            assert_eq!((sent, length), (body, expected));
            assert!(head.starts_with("POST /x HTTP/1.1\r\nhost: 127.0.0.1:8000\r\n"), "{head}");
        }
    }

    #[test]
    fn an_address_is_plain_http_without_a_path() {
        for url in
            ["https://127.0.0.1:1", "127.0.0.1:1", "http://127.0.0.1:1/api", "http://", "http://[::1]:x"]
        {
            assert!(Target::new(url).is_err(), "{url}");
        }
        assert_eq!(Target::new("http://[::1]:8000").unwrap().address.port(), 8000);
        assert_eq!(Target::new("http://127.0.0.1").unwrap().address.port(), 80);
    }
}
