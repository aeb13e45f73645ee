//! A service's `common` values: its own `common.json`, over which the operator's secrets file has the last word.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

/// The operator's settings for the services' `common` values.
///
/// One JSON file for all services, `{"slack": {"signingSecret": "..."}}`, so that a service directory can be public and
/// no secret stands on a command line. It is read again whenever it changes.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    path: Option<PathBuf>,
}

impl Secrets {
    /// Secrets from a file, or none.
    pub fn new(path: Option<PathBuf>) -> Self {
        Self { path }
    }

    /// Where the file stands.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The values for one service, as the file has them now.
    pub fn of(&self, service: &str) -> io::Result<Map<String, Value>> {
        let values = self.all()?.remove(service).map(|values| object(service, values));
        values.unwrap_or_else(|| Ok(Map::new()))
    }

    /// An error unless every service could have its values from the file.
    pub fn check(&self) -> io::Result<()> {
        self.all()?.into_iter().try_for_each(|(service, values)| object(&service, values).map(drop))
    }

    fn all(&self) -> io::Result<Map<String, Value>> {
        let Some(path) = &self.path else { return Ok(Map::new()) };
        Ok(serde_json::from_slice(&fs::read(path)?)?)
    }
}

fn object(service: &str, values: Value) -> io::Result<Map<String, Value>> {
    match values {
        Value::Object(values) => Ok(values),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, format!("`{service}` is not an object of names and values"))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_service_gets_its_own_values_only() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), r#"{"slack": {"key": "k"}, "odd": 1}"#).unwrap();
        let secrets = Secrets::new(Some(file.path().to_owned()));
        assert_eq!(secrets.of("slack").unwrap()["key"], "k");
        assert!(secrets.of("github").unwrap().is_empty());
        assert!(secrets.of("odd").unwrap_err().to_string().contains("`odd`"));
    }

    #[test]
    fn no_file_is_no_secrets_but_a_missing_one_is_an_error() {
        assert!(Secrets::new(None).of("slack").unwrap().is_empty());
        assert!(Secrets::new(Some("does/not/exist".into())).of("slack").is_err());
    }
}
