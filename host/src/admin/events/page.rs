//! One answer's worth of events: as many as are wanted, looking at no more than it may.

use super::select::Matcher;
use super::wire::{EventOutcome, EventPage, EventView};
use crate::journal::{Event, Journal, Sequence};

/// How much one answer may look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Events.
    pub events: usize,
    /// Bytes of their bodies and bundles.
    pub bytes: usize,
}

/// Some tenths of a second from a disk that has to be asked.
pub(super) const BOUNDS: Bounds = Bounds { events: 20_000, bytes: 64 << 20 };

/// What has been looked at so far.
#[derive(Debug, Default)]
pub(super) struct Looked {
    pub(super) events: usize,
    pub(super) unreadable: usize,
    bytes: usize,
}

impl Looked {
    /// Counts an event that was looked at.
    pub(super) fn at(&mut self, event: &Event) {
        self.events += 1;
        self.bytes += event.body.len() + event.bundles.iter().map(|bundle| bundle.json.len()).sum::<usize>();
    }

    /// Counts an event that cannot be read.
    pub(super) fn at_unreadable(&mut self) {
        self.events += 1;
        self.unreadable += 1;
    }

    /// Whether that is enough for one answer.
    pub(super) fn is_enough(&self, bounds: Bounds) -> bool {
        self.events >= bounds.events || self.bytes >= bounds.bytes
    }
}

/// The events below the number `before` that are meant, newest first. Blocks for a disk read each.
pub(super) fn newest_first(journal: &Journal, matcher: &Matcher, before: Sequence, limit: usize, bounds: Bounds) -> EventPage {
    let (mut events, mut looked, mut next) = (Vec::new(), Looked::default(), None);
    for read in journal.newest_first(before, matcher.times()) {
        match read {
            Err(_) => looked.at_unreadable(),
            Ok((seq, event)) => {
                looked.at(&event);
                let outcome = matcher.outcome(&event, || EventOutcome::of(journal, seq, &event));
                events.extend(outcome.map(|outcome| EventView::new(seq, &event, outcome)));
                if events.len() == limit || looked.is_enough(bounds) {
                    next = Some(seq.to_string());
                    break;
                }
            }
        }
    }
    EventPage { events, next, looked_at: looked.events, unreadable: looked.unreadable }
}
