//! How the command line reaches a host's connections, hooks and events, whether a server runs or not.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use super::answer::Payload;
use super::archive::Archive;
use super::operator::Operator;
use super::route::Caller;
use super::router::Call;
use super::tokens::Tokens;
use super::wire::Problem;
use super::{router, socket};
use crate::connections::Connections;
use crate::data_directory::{DataDirectory, DataDirectoryError};
use crate::deliver::FileGuard;
use crate::key_file::Key;

/// A way to a host's connections, hooks and events.
pub struct Control(Way);

enum Way {
    /// A server runs: it is asked.
    Socket(PathBuf),
    /// None does: the data directory is ours for as long as this lives.
    Store(Box<Operator>),
}

/// Why something could not be asked, or what was answered.
#[derive(Debug)]
pub enum ControlError {
    /// The data directory cannot be used.
    Directory(DataDirectoryError),
    /// Another process has the data directory and does not answer.
    Silent(DataDirectoryError),
    /// The server's socket is there and not for us.
    Forbidden(PathBuf),
    /// What is stored could not be opened.
    Store(anyhow::Error),
    /// Speaking with the server failed.
    Conversation(String),
    /// What was asked is not possible: why, and what to do about it.
    Refused(String, Option<String>),
}

impl Control {
    /// Finds the server of a data directory, or opens the directory.
    pub async fn open(directory: &Path) -> Result<Self, ControlError> {
        Self::open_with(directory, None).await
    }

    /// As [`open`](Self::open), with the file of the key that a server would be started with.
    pub async fn open_with(directory: &Path, key: Option<&Path>) -> Result<Self, ControlError> {
        Self::find(directory, DataDirectory::open_existing, key).await
    }

    /// As [`open`](Self::open), and makes the directory where there is none: the first connection may come before the first start.
    pub async fn open_or_create(directory: &Path) -> Result<Self, ControlError> {
        Self::open_or_create_with(directory, None).await
    }

    /// As [`open_or_create`](Self::open_or_create), with the file of the key that a server would be started with.
    pub async fn open_or_create_with(directory: &Path, key: Option<&Path>) -> Result<Self, ControlError> {
        Self::find(directory, DataDirectory::open, key).await
    }

    async fn find(
        directory: &Path,
        open: impl Fn(&Path) -> Result<DataDirectory, DataDirectoryError>,
        key: Option<&Path>,
    ) -> Result<Self, ControlError> {
        let path = socket::path(directory);
        match UnixStream::connect(&path).await {
            Ok(_) => Ok(Self(Way::Socket(path))),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(ControlError::Forbidden(path)),
            Err(_) => Self::open_store(open(directory), key),
        }
    }

    fn open_store(directory: Result<DataDirectory, DataDirectoryError>, key: Option<&Path>) -> Result<Self, ControlError> {
        let directory = directory.map_err(|error| match error.is_in_use() {
            true => ControlError::Silent(error),
            false => ControlError::Directory(error),
        })?;
        let key = key.map(Key::read).transpose().map_err(|error| ControlError::Store(error.into()))?;
        let connections =
            Connections::open_with(&directory, key.as_ref()).context("cannot open the connections").map_err(ControlError::Store)?;
        connections.stay_in_memory();
        let tokens = Tokens::open(&directory).map_err(ControlError::Store)?;
        let files = FileGuard::new(directory.path(), &[], Vec::new());
        let archive = Archive::stored(directory);
        let (public_url, destinations, services, host) = (None, None, None, None);
        Ok(Self(Way::Store(Box::new(Operator { connections, archive, tokens, public_url, destinations, files, services, host }))))
    }

    /// Asks for something and reads the answer.
    pub async fn ask<A: DeserializeOwned>(&self, method: Method, target: &str, body: Option<&impl Serialize>) -> Result<A, ControlError> {
        let body = body.map_or(Ok(Vec::new()), serde_json::to_vec).map_err(conversation)?;
        let (status, answer) = match &self.0 {
            Way::Socket(path) => converse(path, method, target, body).await?,
            Way::Store(operator) => {
                let call = Call { caller: Caller::Local, method: &method, target, accept: "", body: &body };
                let answer = router::answer(operator, call).await;
                match answer.payload {
                    Payload::Whole(json) => (answer.status, json),
                    Payload::Text(_) | Payload::Lines(_) | Payload::Events(_) => {
                        return Err(conversation("what is no JSON in one piece is asked for otherwise"));
                    }
                }
            }
        };
        if status.is_success() {
            return serde_json::from_slice(&answer).map_err(conversation);
        }
        Err(refused(&answer))
    }

    /// Asks for something that comes line by line, and hands on each line without its line break until there are no more.
    /// `begun` is called once what comes is followed.
    pub async fn follow<E: From<ControlError>>(
        &self,
        target: &str,
        begun: impl FnOnce(),
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let Way::Socket(path) = &self.0 else {
            let help = Some("start the server first".into());
            return Err(ControlError::Refused("no server runs, so that there is nothing to follow".into(), help).into());
        };
        Self::read_lines(path, target, begun, &mut each).await
    }

    /// Asks for what comes line by line and has an end, and hands on each line without its line break.
    pub async fn read<E: From<ControlError>>(&self, target: &str, mut each: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let operator = match &self.0 {
            Way::Socket(path) => return Self::read_lines(path, target, || (), &mut each).await,
            Way::Store(operator) => operator,
        };
        let answer = router::answer(operator, Call { caller: Caller::Local, method: &Method::GET, target, accept: "", body: &[] }).await;
        let mut lines = match answer.payload {
            Payload::Lines(lines) => lines,
            Payload::Whole(json) => return Err(refused(&json).into()),
            Payload::Text(_) | Payload::Events(_) => return Err(conversation("what is no JSON in lines is asked for otherwise").into()),
        };
        let mut rest = Rest::default();
        while let Some(chunk) = lines.recv().await {
            rest.take(&chunk, &mut each)?;
        }
        Ok(())
    }

    async fn read_lines<E: From<ControlError>>(
        path: &Path,
        target: &str,
        begun: impl FnOnce(),
        each: &mut impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let (mut sender, connection) = connect(path).await?;
        let connection = tokio::spawn(connection);
        let request = request(Method::GET, target, Vec::new())?;
        let (head, mut body) = sender.send_request(request).await.map_err(conversation)?.into_parts();
        if !head.status.is_success() {
            return Err(refused(&body.collect().await.map_err(conversation)?.to_bytes()).into());
        }
        begun();
        let mut rest = Rest::default();
        while let Some(frame) = body.frame().await {
            rest.take(frame.map_err(conversation)?.data_ref().map_or(&[], |data| data), each)?;
        }
        connection.abort();
        Ok(())
    }
}

/// The part of a line that has come so far.
#[derive(Default)]
struct Rest(Vec<u8>);

impl Rest {
    /// Hands on the lines that end in what has come now.
    fn take<E>(&mut self, come: &[u8], each: &mut impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        self.0.extend_from_slice(come);
        let mut begun = 0;
        while let Some(length) = self.0[begun..].iter().position(|byte| *byte == b'\n') {
            each(&self.0[begun..begun + length])?;
            begun += length + 1;
        }
        self.0.drain(..begun);
        Ok(())
    }
}

async fn converse(path: &Path, method: Method, target: &str, body: Vec<u8>) -> Result<(StatusCode, Vec<u8>), ControlError> {
    let (mut sender, connection) = connect(path).await?;
    let request = request(method, target, body)?;
    let exchange = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        Ok::<_, hyper::Error>((head.status, body.collect().await?.to_bytes()))
    };
    let (answer, _) = tokio::join!(exchange, connection);
    let (status, body) = answer.map_err(conversation)?;
    Ok((status, body.into()))
}

type Connection = http1::Connection<TokioIo<UnixStream>, Full<Bytes>>;

async fn connect(path: &Path) -> Result<(http1::SendRequest<Full<Bytes>>, Connection), ControlError> {
    let stream = UnixStream::connect(path).await.map_err(conversation)?;
    http1::handshake(TokioIo::new(stream)).await.map_err(conversation)
}

fn request(method: Method, target: &str, body: Vec<u8>) -> Result<Request<Full<Bytes>>, ControlError> {
    let request = Request::builder().method(method).uri(target).header(HOST, "hookwright").header(CONTENT_TYPE, "application/json");
    request.body(Full::new(Bytes::from(body))).map_err(conversation)
}

fn refused(answer: &[u8]) -> ControlError {
    match serde_json::from_slice(answer) {
        Ok(Problem { error, help }) => ControlError::Refused(error, help),
        Err(error) => conversation(error),
    }
}

fn conversation(error: impl fmt::Display) -> ControlError {
    ControlError::Conversation(error.to_string())
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(error) => {
                error.fmt(f)?;
                match error.is_missing() {
                    true => f.write_str("; name the server's directory with --data-dir"),
                    false => Ok(()),
                }
            }
            Self::Silent(error) => write!(f, "{error}, and no server answers on its control socket; try again if it is just starting"),
            Self::Forbidden(path) => write!(f, "{} is not for this user: act as the user who runs the server", path.display()),
            Self::Store(error) => write!(f, "{error:#}"),
            Self::Conversation(error) => write!(f, "speaking with the server failed: {error}"),
            Self::Refused(error, None) => f.write_str(error),
            Self::Refused(error, Some(help)) => write!(f, "{error}\n  help: {help}"),
        }
    }
}

impl std::error::Error for ControlError {}
