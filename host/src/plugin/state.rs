//! What an instance has on the host's side: its limits, its log, the request it serves, what was confided to it.

use std::rc::Rc;

use hookwright_iml::{Environment, Value};
use hookwright_webhook::Request;
use wasmtime::{ResourceLimiter, Result};

use super::settings::{Settings, TABLE_ELEMENTS};
use super::stopwatch::Stopwatch;
use super::wire::{self, TooLarge};

/// The data of a store.
pub(super) struct State {
    /// Whose plugin it is, for the log.
    pub(super) service: Rc<str>,
    pub(super) limits: Limits,
    pub(super) stopwatch: Stopwatch,
    pub(super) environment: Environment,
    /// The request that an extractor looks at.
    pub(super) request: Option<Rc<RequestParts>>,
    pub(super) log: Log,
    pub(super) confided: Confided,
    /// What it may hand over in one call, in bytes.
    pub(super) result_size: usize,
    /// What may be handed to it at once, in bytes of its memory.
    pub(super) room: u64,
}

impl State {
    pub(super) fn new(service: Rc<str>, settings: &Settings, stopwatch: Stopwatch, environment: Environment) -> Self {
        let limits = Limits { memory: settings.memory, memory_refused: false };
        Self {
            service,
            limits,
            stopwatch,
            environment,
            request: None,
            log: Log::default(),
            confided: Confided::default(),
            result_size: settings.result_size,
            room: settings.room(),
        }
    }
}

/// How much an instance may take.
pub(super) struct Limits {
    memory: usize,
    /// It asked for more than it may have: what an allocation failure in the plugin comes from.
    pub(super) memory_refused: bool,
}

impl ResourceLimiter for Limits {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        let granted = desired <= self.memory;
        self.memory_refused |= !granted;
        Ok(granted)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }

    fn instances(&self) -> usize {
        32
    }

    fn tables(&self) -> usize {
        8
    }

    fn memories(&self) -> usize {
        8
    }
}

/// What an instance has logged.
#[derive(Default)]
pub(super) struct Log {
    pub(super) lines: u32,
    /// The last line of level error: what a panic said before it became a trap.
    pub(super) last_error: Option<String>,
}

/// What the running call sees of what was granted to the plugin; without a grant nothing is ever put here.
#[derive(Clone, Default)]
pub(super) struct Confided {
    pub(super) secrets: Option<Rc<Members>>,
    pub(super) connection_data: Option<Rc<Members>>,
}

/// A collection's members, each encoded for the border.
pub(super) struct Members(Vec<(String, Vec<u8>)>);

impl Members {
    /// Those of a collection; none of anything else.
    pub(super) fn of(value: &Value<'_>) -> Rc<Self> {
        let Value::Collection(members) = value else { return Rc::new(Self(Vec::new())) };
        Rc::new(Self(members.iter().map(|(name, value)| (name.into_owned(), wire::encode(&value))).collect()))
    }

    pub(super) fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.0.iter().find(|(member, _)| member == name).map(|(_, value)| value.clone())
    }
}

/// The resource `request`: there is one in a session, so that its handle says nothing more.
#[allow(unreachable_pub)] // the bindings re-export it under the contract's name
pub struct CurrentRequest;

/// A request's parts as they cross the border; made once for all calls about it.
pub(super) struct RequestParts {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) path: String,
    pub(super) remote_address: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) query: Result<Vec<u8>, TooLarge>,
    pub(super) body: Result<Vec<u8>, TooLarge>,
    pub(super) raw_body: Result<Vec<u8>, TooLarge>,
}

impl RequestParts {
    /// Parts of which a plugin would make more than `room` bytes are not copied: whoever asks for them has no memory for them.
    pub(super) fn of(request: &Request<'_>, room: u64) -> Self {
        Self {
            method: request.method.to_owned(),
            url: request.url.to_owned(),
            path: request.path.to_owned(),
            remote_address: request.remote_address.to_owned(),
            headers: request.headers.pairs().map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect(),
            query: wire::encode_within(&request.query, room),
            body: wire::encode_within(&request.body, room),
            raw_body: if request.raw_body.len() as u64 > room { Err(TooLarge) } else { Ok(request.raw_body.to_vec()) },
        }
    }

    /// A header, repeated ones joined.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        let values: Vec<&str> =
            self.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}
