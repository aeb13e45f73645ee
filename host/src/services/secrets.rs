//! The operator's file with secrets for all services.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};

use super::files::{FileError, FileId, FileState, SECRETS_BYTES, operators_state, read_operators};

/// The operator's settings for the services' `common` values.
///
/// One JSON file for all services, `{"slack": {"signingSecret": "..."}}`, so that a service directory can be public and
/// no secret stands on a command line. It is read again whenever it changes.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    path: Option<PathBuf>,
    /// The file as it was last read: ten thousand services do not each read it.
    last: Arc<Mutex<Option<Known>>>,
}

/// What the file had in a certain state.
#[derive(Clone)]
struct Known {
    state: Option<FileState>,
    values: Result<Arc<Map<String, Value>>, SecretsError>,
}

/// Why there are no secrets. Nothing of the file is in it.
#[derive(Clone, Debug)]
pub enum SecretsError {
    /// The file cannot be read; the reason.
    Unreadable(String),
    /// A mistake in it.
    Json {
        /// What kind of mistake.
        kind: &'static str,
        /// Its line, from 1.
        line: usize,
        /// Its column, from 1.
        column: usize,
    },
    /// A service has something else than an object of names and values.
    NotAnObject,
}

impl Secrets {
    /// Secrets from a file, or none.
    pub fn new(path: Option<PathBuf>) -> Self {
        Self { path, last: Arc::default() }
    }

    /// Where the file stands.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The values for one service, as the file has them now.
    pub fn of(&self, service: &str) -> Result<Map<String, Value>, SecretsError> {
        match self.all()?.get(service) {
            None => Ok(Map::new()),
            Some(Value::Object(values)) => Ok(values.clone()),
            Some(_) => Err(SecretsError::NotAnObject),
        }
    }

    /// An error unless every service could have its values from the file.
    pub fn check(&self) -> Result<(), SecretsError> {
        if self.all()?.values().all(Value::is_object) { Ok(()) } else { Err(SecretsError::NotAnObject) }
    }

    /// Whether this is the file.
    pub(super) fn is_file(&self, id: FileId) -> bool {
        self.path.as_deref().and_then(operators_state).is_some_and(|state| state.id == id)
    }

    fn all(&self) -> Result<Arc<Map<String, Value>>, SecretsError> {
        let Some(path) = &self.path else { return Ok(Arc::default()) };
        let state = operators_state(path);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = last.as_ref().filter(|known| known.state.is_some() && known.state == state) {
            return known.values.clone();
        }
        if let Some(state) = state.filter(|state| is_for_others(state.mode)) {
            warn_of_readers(path, state.mode);
        }
        let values = read(path).map(Arc::new);
        *last = Some(Known { state, values: values.clone() });
        values
    }
}

/// Whether others than the owner and the group may do anything with a file of this mode. The group may: in a container
/// that is how a secret reaches a process which runs as another user (`fsGroup` in Kubernetes).
pub(super) fn is_for_others(mode: u32) -> bool {
    mode & 0o007 != 0
}

fn warn_of_readers(path: &Path, mode: u32) {
    let (path, mode) = (path.display(), mode & 0o777);
    tracing::warn!("others than its owner and group can read the secrets in {path} (mode {mode:o}); `chmod 600 {path}` ends that");
}

fn read(path: &Path) -> Result<Map<String, Value>, SecretsError> {
    let read = read_operators(path, SECRETS_BYTES)?;
    Ok(serde_json::from_slice(&read.bytes)?)
}

impl From<FileError> for SecretsError {
    fn from(error: FileError) -> Self {
        Self::Unreadable(error.to_string())
    }
}

/// Without its message, which may quote what stands in the file.
impl From<serde_json::Error> for SecretsError {
    fn from(error: serde_json::Error) -> Self {
        let kind = match error.classify() {
            serde_json::error::Category::Eof => "it ends too early",
            serde_json::error::Category::Data => "it is not an object of services",
            serde_json::error::Category::Syntax | serde_json::error::Category::Io => "it is not JSON",
        };
        Self::Json { kind, line: error.line(), column: error.column() }
    }
}

impl fmt::Display for SecretsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(reason) => write!(f, "the file {reason}"),
            Self::Json { kind, line, column } => write!(f, "{kind} (line {line}, column {column})"),
            Self::NotAnObject => f.write_str("what it has for a service is not an object of names and values"),
        }
    }
}

impl std::error::Error for SecretsError {}

/// Without what was read.
impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").field("state", &self.state).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::*;

    fn secrets(text: &str) -> (tempfile::NamedTempFile, Secrets) {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        let secrets = Secrets::new(Some(file.path().to_owned()));
        (file, secrets)
    }

    #[test]
    fn each_service_gets_its_own_values_only() {
        let (_file, secrets) = secrets(r#"{"slack": {"key": "k"}, "odd": 1}"#);
        assert_eq!(secrets.of("slack").unwrap()["key"], "k");
        assert!(secrets.of("github").unwrap().is_empty());
        assert!(matches!(secrets.of("odd"), Err(SecretsError::NotAnObject)));
        assert!(matches!(secrets.check(), Err(SecretsError::NotAnObject)));
    }

    #[test]
    fn the_file_is_read_again_when_it_has_changed() {
        let (file, secrets) = secrets(r#"{"slack": {"key": "old"}}"#);
        assert_eq!(secrets.of("slack").unwrap()["key"], "old");
        let new = file.path().with_extension("new");
        fs::write(&new, r#"{"slack": {"key": "new"}}"#).unwrap();
        fs::rename(&new, file.path()).unwrap();
        assert_eq!(secrets.of("slack").unwrap()["key"], "new");
    }

    #[test]
    fn no_file_is_no_secrets_but_a_missing_one_is_an_error() {
        assert!(Secrets::new(None).of("slack").unwrap().is_empty());
        assert!(Secrets::new(Some("does/not/exist".into())).of("slack").is_err());
    }

    #[test]
    fn a_mistake_is_told_by_its_place_and_kind_and_nothing_of_the_file_is_quoted() {
        let table = [
            ("{\"slack\": {\"key\": HIDDEN}}", "it is not JSON (line 1, column 19)"),
            ("{\"HIDDEN\"", "it ends too early (line 1, column 9)"),
            ("[\"HIDDEN\"]", "it is not an object of services (line 1, column 0)"),
            ("\"HIDDEN\"", "it is not an object of services (line 1, column 8)"),
            ("{\"HIDDEN\": \"HIDDEN\"}", "what it has for a service is not an object of names and values"),
            ("{\n\"slack\": {\"HIDDEN\nHIDDEN\": 1}}", "it is not JSON (line 3, column 0)"),
        ];
        for (text, expected) in table {
            let (_file, secrets) = secrets(text);
            let error = secrets.check().unwrap_err();
            assert_eq!(error.to_string(), expected, "{text}");
            assert!(!format!("{error:?}{secrets:?}").contains("HIDDEN"));
        }
    }
}
