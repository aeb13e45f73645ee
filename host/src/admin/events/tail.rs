//! Following events as they come.

use std::sync::Arc;

use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::select::{Matcher, Selection};
use super::wire::{EventOutcome, EventView};
use crate::admin::answer::{Answer, Asked, Refused};
use crate::admin::event_stream::{self, SIGN_OF_LIFE};
use crate::admin::operator::Operator;
use crate::journal::{Journal, Sequence};

/// Lines that wait for the reader.
const WAITING: usize = 16;

/// A line of `GET /events/tail`, or the data of an event of it; a line that says nothing is a sign of life.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct TailLine {
    /// An event that has become durable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventView>,
    /// How many events, meant or not, came faster than they were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<u64>,
}

/// `GET /events/tail`: what has been asked for is followed from the moment at which the answer begins.
pub(in crate::admin) async fn tail(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let selection: Selection = asked.query()?;
    if selection.cursor.is_some() || selection.limit.is_some() {
        return Err(Refused::bad("what is followed has neither a cursor nor a limit").with_help("GET /events has both"));
    }
    let matcher = Matcher::new(&selection)?;
    let journal = operator.archive.journal().await?;
    let (lines, reader) = mpsc::channel(WAITING);
    let news = journal.subscribe();
    let (printed, answer): (fn(&TailLine) -> Bytes, Answer) = match event_stream::is_asked_for(asked.accept) {
        true => (as_event, Answer::events(reader)),
        false => (as_line, Answer::lines(reader)),
    };
    tokio::spawn(Follower { journal, matcher: Arc::new(matcher), lines, printed }.follow(news));
    Ok(answer)
}

struct Follower {
    journal: Arc<Journal>,
    matcher: Arc<Matcher>,
    lines: mpsc::Sender<Bytes>,
    printed: fn(&TailLine) -> Bytes,
}

impl Follower {
    /// Hands on what comes until nobody reads any more. A slow reader keeps nobody waiting but itself.
    async fn follow(self, mut news: broadcast::Receiver<Sequence>) {
        loop {
            let line = tokio::select! {
                () = self.lines.closed() => return,
                () = sleep(SIGN_OF_LIFE) => Some(TailLine::default()),
                new = news.recv() => match new {
                    Ok(seq) => self.look(seq).await.map(|event| TailLine { event: Some(event), missed: None }),
                    Err(RecvError::Lagged(missed)) => Some(TailLine { event: None, missed: Some(missed) }),
                    Err(RecvError::Closed) => return,
                },
            };
            let Some(line) = line else { continue };
            if self.lines.send((self.printed)(&line)).await.is_err() {
                return;
            }
        }
    }

    /// The event with this number, if it is meant.
    async fn look(&self, seq: Sequence) -> Option<EventView> {
        let (journal, matcher) = (self.journal.clone(), self.matcher.clone());
        let look = move || {
            let event = journal.read(seq).ok()??;
            let outcome = matcher.outcome(&event, || EventOutcome::of(&journal, seq, &event))?;
            Some(EventView::new(seq, &event, outcome))
        };
        spawn_blocking(look).await.ok().flatten()
    }
}

fn as_line(line: &TailLine) -> Bytes {
    let mut json = serde_json::to_vec(line).expect("texts and numbers are JSON");
    json.push(b'\n');
    json.into()
}

/// Without an id: what is followed has no cursor.
fn as_event(line: &TailLine) -> Bytes {
    match line {
        TailLine { event: None, missed: None } => event_stream::comment(),
        line => event_stream::event(line),
    }
}
