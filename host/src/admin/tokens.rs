//! Tokens: what lets somebody use the operators' interface from afar. Only their hashes are kept.
//!
//! A token has 256 bits from the operating system's random source, so that a plain SHA-256 of it gives nothing away and takes
//! no time that anybody could make us spend.

use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::answer::{Answer, Asked, Refused};
use super::operator::Operator;
use super::wire::Removed;
use crate::data_directory::{DataDirectory, TOKENS_FILE, write_durably};
use crate::deliver::now_ms;

/// What a token begins with, so that scanners for leaked secrets know it.
const PREFIX: &str = "hwt_";
const KEY_BYTES: usize = 32;
/// Tokens at one time.
const MOST: usize = 1000;

/// What a token lets its holder do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Look at everything that is not masked.
    Read,
    /// Everything but to make tokens.
    #[default]
    Full,
}

/// `POST /tokens`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// How the operator names it.
    pub name: String,
    /// What it is good for.
    #[serde(default)]
    pub scope: Scope,
}

/// The answer to [`NewToken`].
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct TokenAdded {
    /// Its name.
    pub name: String,
    /// What it is good for.
    pub scope: Scope,
    /// The token: shown now and never again.
    pub token: String,
}

/// A token as it is shown.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct TokenView {
    /// Its name.
    pub name: String,
    /// What it is good for.
    pub scope: Scope,
    /// When it was added, in milliseconds since 1970.
    pub added_ms: u64,
}

/// A token as it is kept.
#[derive(Clone, Serialize, Deserialize)]
struct Record {
    name: String,
    scope: Scope,
    added_ms: u64,
    /// SHA-256 in hexadecimal.
    sha256: String,
}

/// All tokens of a data directory.
pub struct Tokens {
    path: PathBuf,
    records: Mutex<Vec<Record>>,
}

impl Tokens {
    /// Reads the tokens of a data directory.
    pub fn open(directory: &DataDirectory) -> anyhow::Result<Self> {
        let path = directory.path().join(TOKENS_FILE);
        let records = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| anyhow::anyhow!("cannot read {}: {error}", path.display()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => anyhow::bail!("cannot read {}: {error}", path.display()),
        };
        Ok(Self { path, records: Mutex::new(records) })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records().is_empty()
    }

    /// The name of a token and what it is good for, if it is one. Takes the same time for every token that is none.
    pub(super) fn find(&self, token: &str) -> Option<(String, Scope)> {
        let hash = hash(token);
        let records = self.records();
        let is_it = |record: &Record| bool::from(record.sha256.as_bytes().ct_eq(hash.as_bytes()));
        let found = records.iter().fold(None, |found, record| if is_it(record) { Some(record) } else { found });
        found.map(|record| (record.name.clone(), record.scope))
    }

    fn add(&self, new: NewToken) -> Result<TokenAdded, Refused> {
        let NewToken { name, scope } = new;
        check_name(&name)?;
        let token = random_token();
        self.change(|records| {
            if records.iter().any(|record| record.name == name) {
                let help = format!("`hookwright tokens remove {name}` ends it");
                return Err(Refused::new(StatusCode::CONFLICT, format!("there is a token `{name}` already")).with_help(help));
            }
            if records.len() >= MOST {
                return Err(Refused::bad(format!("there are {MOST} tokens, and no more are kept")));
            }
            records.push(Record { name: name.clone(), scope, added_ms: now_ms(), sha256: hash(&token) });
            Ok(())
        })?;
        Ok(TokenAdded { name, scope, token })
    }

    fn remove(&self, name: &str) -> Result<(), Refused> {
        self.change(|records| {
            let before = records.len();
            records.retain(|record| record.name != name);
            match records.len() < before {
                true => Ok(()),
                false => Err(Refused::unknown(format!("there is no token `{name}`")).with_help("`hookwright tokens list` lists them")),
            }
        })
    }

    /// Changes what is on disk, then what counts.
    fn change(&self, change: impl FnOnce(&mut Vec<Record>) -> Result<(), Refused>) -> Result<(), Refused> {
        let mut records = self.records();
        let mut changed = records.clone();
        change(&mut changed)?;
        let text = serde_json::to_string_pretty(&changed).expect("texts and numbers are JSON");
        write_durably(&self.path, &text).map_err(|error| Refused::unavailable(format!("cannot write {}: {error}", self.path.display())))?;
        *records = changed;
        Ok(())
    }

    fn records(&self) -> MutexGuard<'_, Vec<Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `GET /tokens`
pub(super) async fn list(operator: &Operator, _: Asked<'_>) -> Result<Answer, Refused> {
    let view = |record: &Record| TokenView { name: record.name.clone(), scope: record.scope, added_ms: record.added_ms };
    let views: Vec<_> = operator.tokens.records().iter().map(view).collect();
    Ok(Answer::ok(views))
}

/// `POST /tokens`
pub(super) async fn add(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let added = operator.tokens.add(asked.json()?)?;
    Ok(Answer::new(StatusCode::CREATED, added))
}

/// `DELETE /tokens/{id}`: it is good for nothing from then on.
pub(super) async fn remove(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    operator.tokens.remove(asked.id)?;
    Ok(Answer::ok(Removed { removed: asked.id.to_owned() }))
}

fn check_name(name: &str) -> Result<(), Refused> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match !name.is_empty() && name.len() <= 64 && name.chars().all(fits) {
        true => Ok(()),
        false => Err(Refused::bad("a token's name has letters, digits and -_. in it, 64 at most")),
    }
}

fn random_token() -> String {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).expect("the operating system has a random source");
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(key))
}

fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// Without the hashes.
impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn tokens() -> (tempfile::TempDir, Tokens) {
        let root = tempfile::tempdir().unwrap();
        let tokens = Tokens::open(&DataDirectory::open(root.path()).unwrap()).unwrap();
        (root, tokens)
    }

    fn scope(tokens: &Tokens, token: &str) -> Option<Scope> {
        tokens.find(token).map(|(_, scope)| scope)
    }

    fn new(name: &str, scope: Scope) -> NewToken {
        NewToken { name: name.into(), scope }
    }

    #[test]
    fn a_token_is_good_until_it_is_removed_also_after_reopening_and_is_written_nowhere() {
        let (root, tokens) = tokens();
        let token = tokens.add(new("ci", Scope::Read)).unwrap().token;
        let other = tokens.add(new("me", Scope::Full)).unwrap().token;
        assert_eq!([scope(&tokens, &token), scope(&tokens, &other)], [Some(Scope::Read), Some(Scope::Full)]);
        assert_eq!([scope(&tokens, ""), scope(&tokens, &token[1..]), scope(&tokens, &format!("{token}x"))], [None; 3]);
        let kept = fs::read_to_string(root.path().join("tokens.json")).unwrap();
        assert!(!kept.contains(token.trim_start_matches(PREFIX)), "{kept}");
        let reopened = Tokens::open(&DataDirectory::open(root.path()).unwrap()).unwrap();
        assert_eq!(scope(&reopened, &token), Some(Scope::Read));
        reopened.remove("ci").unwrap();
        assert_eq!((scope(&reopened, &token), scope(&reopened, &other)), (None, Some(Scope::Full)));
    }

    #[test]
    fn what_makes_no_token_is_refused() {
        let (_root, tokens) = tokens();
        tokens.add(new("ci", Scope::Full)).unwrap();
        assert_eq!(tokens.add(new("ci", Scope::Full)).err().unwrap().to_string(), "there is a token `ci` already");
        assert!(tokens.add(new("a b", Scope::Full)).is_err() && tokens.add(new("", Scope::Full)).is_err());
        assert_eq!(tokens.remove("nope").err().unwrap().to_string(), "there is no token `nope`");
    }

    #[test]
    fn a_damaged_file_is_an_error_and_not_a_host_without_tokens() {
        let root = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open(root.path()).unwrap();
        fs::write(root.path().join("tokens.json"), "[").unwrap();
        assert!(Tokens::open(&directory).unwrap_err().to_string().contains("tokens.json"));
    }
}
