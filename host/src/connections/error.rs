//! Why a change to connections and hooks was not made.

use std::fmt;

use super::store::MAX_VALUE;
use crate::journal::JournalError;

/// Why a change was refused. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// There is no connection with this id.
    UnknownConnection(String),
    /// There is no hook with this id.
    UnknownHook(String),
    /// The definition contradicts itself or what is there.
    Invalid(&'static str),
    /// The definition takes more bytes than the store keeps in one value.
    TooLarge {
        /// Its bytes as they would be stored.
        bytes: usize,
    },
    /// Too many changes wait. Try again shortly.
    Busy,
    /// The connection journal did not take the change.
    Journal(JournalError),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownConnection(id) => write!(f, "there is no connection {id}"),
            Self::UnknownHook(id) => write!(f, "there is no hook {id}"),
            Self::Invalid(what) => f.write_str(what),
            Self::TooLarge { bytes } => {
                write!(f, "a connection or hook takes at most {MAX_VALUE} bytes with all its data; this one takes {bytes}")
            }
            Self::Busy => f.write_str("too many changes are waiting for the disk"),
            Self::Journal(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<JournalError> for StoreError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}
