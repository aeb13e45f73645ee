//! Where deliveries go: an HTTP server on a loopback port that keeps what it is sent.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::wait;

/// One request that was delivered.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Exact bytes.
    pub body: Vec<u8>,
    /// The path it was sent to.
    pub path: String,
}

impl Delivery {
    /// The body as JSON; `null` if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A receiver; it listens until the process ends.
#[derive(Clone)]
pub struct Receiver {
    address: SocketAddr,
    kept: Arc<Kept>,
}

struct Kept {
    deliveries: Mutex<Vec<Delivery>>,
    status: AtomicU16,
}

impl Receiver {
    /// Listens on a free port and answers 200.
    ///
    /// # Errors
    /// When no port is to be had.
    pub fn start() -> io::Result<Self> {
        Self::listen(TcpListener::bind(("127.0.0.1", 0))?)
    }

    /// Listens on this very address, for example where a receiver has been before.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn start_at(address: SocketAddr) -> io::Result<Self> {
        Self::listen(TcpListener::bind(address)?)
    }

    fn listen(listener: TcpListener) -> io::Result<Self> {
        let kept = Arc::new(Kept { deliveries: Mutex::default(), status: AtomicU16::new(200) });
        let receiver = Self { address: listener.local_addr()?, kept: Arc::clone(&kept) };
        answer_all(listener, move |delivery| {
            kept.lock().push(delivery);
            Answer::Status(kept.status.load(Ordering::SeqCst))
        });
        Ok(receiver)
    }

    /// The URL of a path here.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// From now on answers with this status.
    pub fn answer(&self, status: u16) {
        self.kept.status.store(status, Ordering::SeqCst);
    }

    /// Everything that has come so far.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.kept.lock().clone()
    }

    /// The JSON bodies of what has come to one path so far.
    pub fn bodies(&self, path: &str) -> Vec<Value> {
        self.kept.lock().iter().filter(|delivery| delivery.path == path).map(Delivery::json).collect()
    }

    /// Waits until at least so many have come to one path and gives the JSON bodies back.
    pub fn wait_for(&self, path: &str, count: usize) -> Vec<Value> {
        wait::until(&format!("{count} deliveries have come to {path}"), || {
            let bodies = self.bodies(path);
            (bodies.len() >= count).then_some(bodies)
        })
    }
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, Vec<Delivery>> {
        self.deliveries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is done about one delivery.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A whole reply with this status.
    Status(u16),
    /// 429 with a `Retry-After` of so many seconds.
    PutOff(u32),
    /// A reply that breaks off in its middle.
    Half,
    /// Nothing: the connection is closed.
    Close,
    /// Nothing for as long as the other side waits, or until this is true.
    Hang(Arc<AtomicBool>),
}

/// Answers whatever comes to `listener` as it is told for each delivery, until the process ends.
pub fn answer_all(listener: TcpListener, answer: impl Fn(Delivery) -> Answer + Send + Sync + 'static) {
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            // Whatever goes wrong with a connection is the sender's to deal with.
            thread::spawn(move || drop(serve(&stream, &*answer)));
        }
    });
}

/// Answers one connection's requests until it ends.
fn serve(stream: &TcpStream, answer: &dyn Fn(Delivery) -> Answer) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    while let Some(delivery) = read(&mut reader)? {
        match answer(delivery) {
            Answer::Status(status) => write!(writer, "HTTP/1.1 {status} Answer\r\ncontent-length: 0\r\n\r\n")?,
            Answer::PutOff(seconds) => {
                write!(writer, "HTTP/1.1 429 Later\r\nretry-after: {seconds}\r\ncontent-length: 0\r\n\r\n")?;
            }
            Answer::Half => return write!(writer, "HTTP/1.1 200 Answer\r\ncontent-le"),
            Answer::Close => return Ok(()),
            Answer::Hang(released) => return hang(stream, &released),
        }
    }
    Ok(())
}

/// Returns when the other side has ended the connection, or when told to.
fn hang(mut stream: &TcpStream, released: &AtomicBool) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_millis(20)))?;
    while !released.load(Ordering::SeqCst) {
        match stream.read(&mut [0; 64]) {
            Ok(0) => return Ok(()),
            Err(error) if !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// One request, or nothing where the connection has ended.
fn read(reader: &mut impl BufRead) -> io::Result<Option<Delivery>> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut delivery = Delivery { headers: headers(reader)?, body: Vec::new(), path };
    delivery.body = match delivery.header("content-length").and_then(|length| length.parse().ok()) {
        Some(length) => read_exactly(reader, length)?,
        None if delivery.header("transfer-encoding").is_some() => chunks(reader)?,
        None => Vec::new(),
    };
    Ok(Some(delivery))
}

fn headers(reader: &mut impl BufRead) -> io::Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    for line in reader.lines() {
        let line = line?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    Ok(headers)
}

fn read_exactly(reader: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn chunks(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let length = usize::from_str_radix(line.trim(), 16).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        body.extend(read_exactly(reader, length)?);
        read_exactly(reader, 2)?;
        if length == 0 {
            return Ok(body);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::client::Request;

    #[test]
    fn it_keeps_what_it_is_sent_and_answers_as_it_is_told() {
        let receiver = Receiver::start().unwrap();
        receiver.answer(503);
        let reply = Request::json("/a", "[1]").send(receiver.address).unwrap();
        assert_eq!(reply.status, 503);
        assert_eq!(receiver.wait_for("/a", 1), [serde_json::json!([1])]);
        assert!(receiver.bodies("/b").is_empty());
    }

    #[test]
    fn it_can_be_told_not_to_answer_properly() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        answer_all(listener, |delivery| match delivery.path.as_str() {
            "/later" => Answer::PutOff(7),
            "/half" => Answer::Half,
            "/hang" => Answer::Hang(Arc::new(AtomicBool::new(true))),
            _ => Answer::Close,
        });
        let send = |path| Request::json(path, "1").send(address);
        let later = send("/later").unwrap();
        assert_eq!((later.status, later.header("retry-after")), (429, Some("7")));
        assert!(["/half", "/hang", "/close"].into_iter().all(|path| send(path).is_err()));
    }

    #[test]
    fn a_chunked_body_is_put_together() {
        let request = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
        assert_eq!(read(&mut &request[..]).unwrap().unwrap().body, b"abc");
    }
}
