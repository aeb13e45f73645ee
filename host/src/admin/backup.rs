//! Backing up a host, asked for on its own machine.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Asked, Refused};
use super::operator::Operator;
use crate::backup::{self, BackedUp};

/// `POST /backup`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// Where to: an absolute path, of nothing or of an empty directory.
    pub directory: PathBuf,
}

/// What was backed up.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct BackupMade {
    /// Connections in it.
    pub connections: usize,
    /// Hooks in it, whatever their state.
    pub hooks: usize,
    /// Its files.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Whether its connections are encrypted, as the host's are.
    pub encrypted: bool,
}

/// `POST /backup`
pub(super) async fn make(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let Backup { directory } = asked.json()?;
    if directory.is_relative() {
        let error = format!("the path {} is relative, and a server has its own working directory", directory.display());
        return Err(Refused::bad(error));
    }
    let journal = operator.archive.journal().await?;
    let made = backup::back_up(journal.directory(), &journal, &operator.connections, &directory).await;
    let BackedUp { connections, hooks, files, bytes, encrypted } = made.map_err(|error| Refused::bad(format!("{error:#}")))?;
    Ok(Answer::ok(BackupMade { connections, hooks, files, bytes, encrypted }))
}
