//! A sender: HTTP/1.1 over a plain socket, so that a test decides about every byte.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::wait::DEADLINE;

mod tls;

/// A request; `content-length`, `host` and `connection` are added where they are not given.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `POST`.
    pub method: String,
    /// The path with its query.
    pub target: String,
    /// Names and values in their order.
    pub headers: Vec<(String, String)>,
    /// Exact bytes.
    pub body: Vec<u8>,
}

/// A reply, read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Exact bytes.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: &str, target: &str) -> Self {
        Self { method: method.to_owned(), target: target.to_owned(), ..Self::default() }
    }

    /// `POST` with a JSON body.
    pub fn json(target: &str, body: impl AsRef<[u8]>) -> Self {
        Self::new("POST", target).header("content-type", "application/json").body(body)
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    /// The bytes on the wire, for one request on its own connection.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        let given = |name: &str| self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        let length = self.body.len().to_string();
        let added = [("host", "localhost"), ("content-length", length.as_str()), ("connection", "close")];
        for (name, value) in added.into_iter().filter(|(name, _)| !given(name)) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        [head.as_bytes(), &self.body].concat()
    }

    /// Sends it on a connection of its own and reads the reply.
    ///
    /// # Errors
    /// When the server does not answer with a whole reply before the deadline.
    pub fn send(&self, to: SocketAddr) -> io::Result<Reply> {
        exchange(to, &self.to_bytes())
    }

    /// Sends it over TLS to whoever shows that this certificate, of a PEM file, is theirs and names `localhost`.
    ///
    /// # Errors
    /// When they show another one, or none, or do not answer with a whole reply before the deadline.
    pub fn send_encrypted(&self, to: SocketAddr, certificate: &Path) -> io::Result<Reply> {
        let mut stream = tls::connect(to, certificate)?;
        stream.write_all(&self.to_bytes())?;
        read_reply(&mut stream)
    }

    /// Sends it to a unix socket and reads the reply.
    ///
    /// # Errors
    /// When nobody answers there with a whole reply before the deadline.
    pub fn send_to_socket(&self, socket: &Path) -> io::Result<Reply> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.write_all(&self.to_bytes())?;
        read_reply(&mut stream)
    }
}

impl Reply {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The reply in `bytes`, if it is whole; `ended` says that no more will come.
    fn parse(bytes: &[u8], ended: bool) -> Option<Self> {
        let mut slots = [httparse::EMPTY_HEADER; 64];
        let mut parsed = httparse::Response::new(&mut slots);
        let httparse::Status::Complete(end) = parsed.parse(bytes).ok()? else {
            return None;
        };
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let headers: Vec<_> = parsed.headers.iter().map(|header| (header.name.to_lowercase(), text(header.value))).collect();
        let reply = Self { status: parsed.code?, headers, body: bytes[end..].to_vec() };
        match reply.header("content-length").and_then(|length| length.parse::<usize>().ok()) {
            Some(length) if reply.body.len() < length => None,
            Some(length) => Some(Self { body: reply.body[..length].to_vec(), ..reply }),
            None => ended.then_some(reply),
        }
    }
}

/// Sends these very bytes and reads what comes back.
///
/// # Errors
/// When that is not a whole reply before the deadline.
pub fn exchange(to: SocketAddr, bytes: &[u8]) -> io::Result<Reply> {
    let mut stream = connect(to)?;
    stream.write_all(bytes)?;
    read_reply(&mut stream)
}

/// A connection whose reads end at the deadline.
///
/// # Errors
/// When nobody listens there.
pub fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    Ok(stream)
}

/// Reads one reply to its end.
///
/// # Errors
/// When the connection ends or the deadline comes before the reply is whole.
pub fn read_reply(stream: &mut impl Read) -> io::Result<Reply> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        let read = stream.read(&mut chunk)?;
        bytes.extend_from_slice(&chunk[..read]);
        if let Some(reply) = Reply::parse(&bytes, read == 0) {
            return Ok(reply);
        }
        if read == 0 {
            let got = String::from_utf8_lossy(&bytes).into_owned();
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("no whole reply, only {got:?}")));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_whole_when_its_length_is_there_or_the_connection_has_ended() {
        let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        assert_eq!(Reply::parse(&bytes[..bytes.len() - 1], false), None);
        assert_eq!(Reply::parse(bytes, false).unwrap().text(), "ok");
        let endless = b"HTTP/1.1 204 No Content\r\n\r\n";
        assert_eq!(Reply::parse(endless, false), None);
        assert_eq!(Reply::parse(endless, true).unwrap().status, 204);
    }

    #[test]
    fn what_is_given_is_not_added_again() {
        let bytes = Request::new("GET", "/").header("Host", "h").to_bytes();
        assert_eq!(String::from_utf8(bytes).unwrap(), "GET / HTTP/1.1\r\ncontent-length: 0\r\nconnection: close\r\nHost: h\r\n\r\n");
    }
}
