//! Exporting all connections and hooks, and importing many.

use std::collections::HashMap;

use bytes::Bytes;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::answer::{Answer, Asked, Refused};
use super::archive::reading;
use super::definitions::{ConnectionDefinition, DefinitionLine, ExportHead, ExportLine, FORMAT, HookDefinition};
use super::destination::Writable;
use super::operator::Operator;
use crate::connections::{Definition, Effect, Rejected, Snapshot};

/// Bytes of lines that are handed on at once.
const CHUNK: usize = 64 << 10;
/// Such chunks that wait for the reader.
const WAITING: usize = 8;

/// `POST /import`: all of them are put, or none.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// The definitions; a hook's connection comes before it or is there already.
    pub definitions: Vec<DefinitionLine>,
}

/// `POST /import/preview`.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewImport {
    /// As in [`Import`].
    pub definitions: Vec<DefinitionLine>,
    /// The services of connections that will have been imported before, by their ids.
    #[serde(default)]
    pub given: HashMap<String, String>,
}

/// What an import has done, or would do.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Imported {
    /// Definitions that were not there.
    pub added: u64,
    /// Definitions that were there and said something else.
    pub replaced: u64,
    /// Definitions that were there and say the same.
    pub unchanged: u64,
    /// What keeps definitions from being imported; none where they were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mistakes: Vec<ImportMistake>,
}

/// What keeps a definition from being imported.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportMistake {
    /// Which of the definitions, from 0.
    pub at: usize,
    /// What is wrong with it.
    pub error: String,
}

/// What of an export is not to be masked.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExportQuery {
    /// Whether to show everything; otherwise what may be secret is `***`.
    #[serde(default)]
    secrets: bool,
}

/// `GET /export[?secrets=true]`: all as they are at one moment, a line each.
pub(super) async fn export(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let ExportQuery { secrets } = asked.query()?;
    let snapshot = operator.connections.snapshot().await?;
    let (lines, reader) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || print(&snapshot, secrets, &lines));
    Ok(Answer::lines(reader))
}

/// Ends early when nobody reads any more.
fn print(snapshot: &Snapshot, secrets: bool, lines: &mpsc::Sender<Bytes>) {
    let head = ExportHead {
        format: FORMAT.to_owned(),
        secrets,
        connections: Some(snapshot.connections.len() as u64),
        hooks: Some(snapshot.hooks.len() as u64),
    };
    let connections = snapshot.connections.iter().map(|connection| ExportLine::Connection(ConnectionDefinition::of(connection, secrets)));
    let hooks = snapshot.hooks.iter().map(|hook| ExportLine::Hook(HookDefinition::of(hook, secrets)));
    let mut chunk = Vec::new();
    for line in std::iter::once(ExportLine::Export(head)).chain(connections).chain(hooks) {
        serde_json::to_writer(&mut chunk, &line).expect("texts, maps with text keys and lists are JSON");
        chunk.push(b'\n');
        if chunk.len() >= CHUNK && lines.blocking_send(std::mem::take(&mut chunk).into()).is_err() {
            return;
        }
    }
    let _ = lines.blocking_send(chunk.into());
}

/// `POST /import`
pub(super) async fn import(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let Import { definitions } = asked.json()?;
    let judged = judged(definitions, Writable::to(operator, asked.caller)).await?.into_iter().enumerate();
    let taken = judged.map(|(at, judged)| judged.map_err(|refused| rejected(at, &refused.to_string())));
    let taken = taken.collect::<Result<Vec<_>, _>>()?;
    let hooks: Vec<_> = taken.iter().map(hook_id).collect();
    let effects = operator.connections.put(taken).await.map_err(|Rejected { at, error }| match at {
        Some(at) => rejected(at, &error.to_string()),
        None => Refused::from(error),
    })?;
    let mut imported = Imported::default();
    for (effect, hook) in effects.into_iter().zip(hooks) {
        imported.count(effect);
        if let (Effect::Replaced, Some(hook)) = (effect, hook) {
            operator.archive.hook_changed(&hook);
        }
    }
    Ok(Answer::ok(imported))
}

/// `POST /import/preview`
pub(super) async fn preview(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let PreviewImport { definitions, given } = asked.json()?;
    let mut imported = Imported::default();
    let (mut places, mut taken) = (Vec::with_capacity(definitions.len()), Vec::with_capacity(definitions.len()));
    for (at, judged) in judged(definitions, Writable::to(operator, asked.caller)).await?.into_iter().enumerate() {
        match judged {
            Ok(definition) => {
                places.push(at);
                taken.push(definition);
            }
            Err(refused) => imported.mistakes.push(ImportMistake { at, error: refused.to_string() }),
        }
    }
    for (at, judged) in places.into_iter().zip(operator.connections.preview(&taken, given)) {
        match judged {
            Ok(effect) => imported.count(effect),
            Err(error) => imported.mistakes.push(ImportMistake { at, error: error.to_string() }),
        }
    }
    Ok(Answer::ok(imported))
}

/// What each line defines, looked at where waiting for the disk keeps nobody else waiting.
async fn judged(lines: Vec<DefinitionLine>, writable: Writable) -> Result<Vec<Result<Definition, Refused>>, Refused> {
    reading(move || lines.into_iter().map(|line| line.definition(&writable)).collect()).await
}

impl Imported {
    fn count(&mut self, effect: Effect) {
        match effect {
            Effect::Added => self.added += 1,
            Effect::Replaced => self.replaced += 1,
            Effect::Unchanged => self.unchanged += 1,
        }
    }

    /// Takes in what was done for others.
    pub fn add(&mut self, other: &Self) {
        self.added += other.added;
        self.replaced += other.replaced;
        self.unchanged += other.unchanged;
    }
}

fn rejected(at: usize, error: &str) -> Refused {
    Refused::new(StatusCode::BAD_REQUEST, format!("definition {at} (from 0): {error}")).with_help("none of them was imported")
}

fn hook_id(definition: &Definition) -> Option<String> {
    match definition {
        Definition::Hook(hook) => Some(hook.id.clone()),
        Definition::Connection(_) => None,
    }
}
