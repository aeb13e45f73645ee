//! What the headers of a message say: its id, its time, its signatures.

use hookwright_sdk::{Collection, Date, Value};

/// How far from now a message's time may be, in seconds, before and after.
const WINDOW: u64 = 5 * 60;

/// How many signatures of one message are looked at: whoever cannot sign may still send a header full of them.
pub(crate) const SIGNATURES: usize = 16;

/// The headers of one message.
pub(crate) struct Message<'h> {
    id: &'h str,
    /// Seconds since 1970, as written: the text is what is signed.
    timestamp: &'h str,
    signatures: &'h str,
}

impl<'h> Message<'h> {
    /// The three headers, of one family; none where one of them is missing or empty.
    pub(crate) fn read(headers: &'h Collection) -> Option<Self> {
        let header = |name: &str| headers.get(name).and_then(Value::as_text).filter(|value| !value.is_empty());
        match header("webhook-id") {
            Some(id) => Some(Self { id, timestamp: header("webhook-timestamp")?, signatures: header("webhook-signature")? }),
            None => Some(Self { id: header("svix-id")?, timestamp: header("svix-timestamp")?, signatures: header("svix-signature")? }),
        }
    }

    /// What is signed: id, time and the exact body.
    pub(crate) fn signed(&self, raw_body: &[u8]) -> Vec<u8> {
        [self.id.as_bytes(), b".", self.timestamp.as_bytes(), b".", raw_body].concat()
    }

    /// Each with its version in front. A sender that replaces its secret sends two or three; more than [`SIGNATURES`] are not
    /// looked at.
    pub(crate) fn signatures(&self) -> impl Iterator<Item = &'h str> {
        self.signatures.split_ascii_whitespace().take(SIGNATURES)
    }

    /// Whether it was sent within the window around `now`, so that a recording is of no use later.
    pub(crate) fn is_fresh(&self, now: Date) -> bool {
        let sent: Option<i64> = self.timestamp.parse().ok();
        sent.is_some_and(|sent| sent.abs_diff(now.milliseconds().div_euclid(1000)) <= WINDOW)
    }
}
