//! As much HTTP/1.1 as loading one known service takes: kept-alive connections, bodies with a length.

use crate::Result;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// No answer is waited for longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// A connection that blocks.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    /// How much of `received` was an answer already.
    taken: usize,
}

/// An answer of the service.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The answer, where it has this status.
    pub(crate) fn expect(self, status: u16) -> Result<Answer> {
        if self.status == status {
            return Ok(self);
        }
        let body = String::from_utf8_lossy(&self.body[..self.body.len().min(500)]).into_owned();
        Err(format!("the service answered {}, not {status}: {body}", self.status).into())
    }
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Connection { stream, received: Vec::new(), taken: 0 })
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn ask(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.stream.write_all(request)?;
        self.receive()
    }

    /// Waits for the next answer.
    fn receive(&mut self) -> io::Result<Answer> {
        if self.taken == self.received.len() {
            self.received.clear();
            self.taken = 0;
        }
        let head_end = loop {
            let rest = &self.received[self.taken..];
            if let Some(at) = rest.windows(4).position(|four| four == b"\r\n\r\n") {
                break self.taken + at;
            }
            self.read_more()?;
        };
        let (status, length) = read_head(&self.received[self.taken..head_end])?;
        let (start, end) = (head_end + 4, head_end + 4 + length);
        while self.received.len() < end {
            self.read_more()?;
        }
        self.taken = end;
        Ok(Answer { status, body: self.received[start..end].to_vec() })
    }

    fn read_more(&mut self) -> io::Result<()> {
        let mut chunk = [0; 16 * 1024];
        match self.stream.read(&mut chunk)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            n => {
                self.received.extend_from_slice(&chunk[..n]);
                Ok(())
            }
        }
    }
}

/// The status and the body's length of an answer.
fn read_head(head: &[u8]) -> io::Result<(u16, usize)> {
    let unreadable = || io::Error::new(io::ErrorKind::InvalidData, "not an HTTP answer with a length");
    let head = std::str::from_utf8(head).map_err(|_| unreadable())?;
    let mut lines = head.split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(unreadable)?;
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    match (status, length) {
        (204 | 304, _) => Ok((status, 0)),
        (_, Some(length)) => Ok((status, length)),
        (_, None) => Err(unreadable()),
    }
}

/// A request without a body.
pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes()
}

/// A request with a body.
pub(crate) fn post(path: &str, media_type: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn answers_that_arrive_in_one_piece_are_told_apart() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut connection = Connection::open(listener.local_addr().unwrap()).unwrap();
        let (mut service, _) = listener.accept().unwrap();
        service
            .write_all(b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n")
            .unwrap();
        let answers = [(); 3].map(|()| connection.receive().unwrap());
        let read = answers.map(|answer| (answer.status, String::from_utf8(answer.body).unwrap()));
        assert_eq!(read, [(204, String::new()), (200, "ok".to_string()), (404, String::new())]);
    }

    #[test]
    fn an_unexpected_status_is_told_with_the_answer() {
        let answer = Answer { status: 429, body: b"too much".to_vec() };
        let failure = answer.expect(204).err().unwrap();
        assert_eq!(failure.to_string(), "the service answered 429, not 204: too much");
    }
}
