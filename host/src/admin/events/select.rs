//! Which events are meant.

use std::ops::RangeInclusive;

use hookwright_iml::json::{Document, Kind, Node};
use jiff::Timestamp;
use memchr::memmem::Finder;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::wire::EventOutcome;
use crate::admin::answer::Refused;
use crate::journal::{Event, Sequence};

/// Events that an answer has unless more or fewer are asked for.
const USUAL: usize = 50;
/// Events that an answer has at most.
const MOST: usize = 1000;

/// Which events are meant; what is not said leaves the choice open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Selection {
    /// The service's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The webhook's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
    /// The id of a hook that a bundle is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hook: Option<String>,
    /// What has become of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<EventOutcome>,
    /// Received at this time or later (RFC 3339, or milliseconds since 1970).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Received at this time or earlier (RFC 3339, or milliseconds since 1970).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What stands in the body, or in a bundle, byte for byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What a field of a bundle has in it: `order.id=17`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Where to go on: `next` of the answer before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// How many events are wanted: 50 unless it is said, 1000 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// A selection that makes sense.
pub(super) struct Matcher {
    service: Option<String>,
    webhook: Option<String>,
    hook: Option<String>,
    outcome: Option<EventOutcome>,
    times: RangeInclusive<u64>,
    text: Option<Finder<'static>>,
    field: Option<Field>,
}

/// A member of a bundle, and the text that is in it.
struct Field {
    path: Vec<String>,
    text: String,
}

impl Selection {
    /// How many events are wanted.
    pub(super) fn limit(&self) -> usize {
        self.limit.unwrap_or(USUAL).clamp(1, MOST)
    }

    /// The numbers in the cursor, if there is one.
    pub(super) fn cursor<const N: usize>(&self) -> Result<Option<[Sequence; N]>, Refused> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let numbers: Option<Vec<_>> = cursor.split('-').map(|number| number.parse().ok()).collect();
        let numbers = numbers.and_then(|numbers| numbers.try_into().ok());
        numbers.map(Some).ok_or_else(|| {
            Refused::bad(format!("`{cursor}` is no cursor"))
                .with_help("a cursor is `next` of the answer before; without one the answer begins anew")
        })
    }
}

impl Matcher {
    /// Reads a selection.
    pub(super) fn new(selection: &Selection) -> Result<Self, Refused> {
        let Selection { service, webhook, hook, outcome, from, to, text, field, .. } = selection.clone();
        let from = from.as_deref().map_or(Ok(0), |text| milliseconds("from", text))?;
        let to = to.as_deref().map_or(Ok(u64::MAX), |text| milliseconds("to", text))?;
        let field = field.as_deref().map(Field::read).transpose()?;
        let text = text.map(|text| Finder::new(&text).into_owned());
        Ok(Self { service, webhook, hook, outcome, times: from..=to, text, field })
    }

    /// The times of the events that are meant, in milliseconds since 1970.
    pub(super) fn times(&self) -> RangeInclusive<u64> {
        self.times.clone()
    }

    /// The outcome of an event, if it is meant. What is cheap is looked at first.
    pub(super) fn outcome(&self, event: &Event, outcome: impl FnOnce() -> EventOutcome) -> Option<EventOutcome> {
        let is = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        let hook = |hook: &String| event.bundles.iter().any(|bundle| bundle.hook == *hook);
        let meant = self.times.contains(&event.received_at)
            && is(&self.service, &event.service)
            && is(&self.webhook, &event.webhook)
            && self.hook.as_ref().is_none_or(hook);
        if !meant {
            return None;
        }
        let outcome = outcome();
        let meant = self.outcome.is_none_or(|wanted| wanted == outcome) && self.has_text(event) && self.has_field(event);
        meant.then_some(outcome)
    }

    fn has_text(&self, event: &Event) -> bool {
        let has = |finder: &Finder<'_>| {
            finder.find(&event.body).is_some() || event.bundles.iter().any(|bundle| finder.find(&bundle.json).is_some())
        };
        self.text.as_ref().is_none_or(has)
    }

    fn has_field(&self, event: &Event) -> bool {
        self.field.as_ref().is_none_or(|field| event.bundles.iter().any(|bundle| field.is_in(&bundle.json)))
    }
}

impl Field {
    fn read(text: &str) -> Result<Self, Refused> {
        let (path, text) = text.split_once('=').filter(|(path, _)| !path.is_empty()).ok_or_else(|| {
            Refused::bad(format!("`{text}` names no field and its text")).with_help("write it as PATH=TEXT, such as order.id=17")
        })?;
        Ok(Self { path: path.split('.').map(str::to_owned).collect(), text: text.to_owned() })
    }

    fn is_in(&self, json: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(json) else { return false };
        Document::parse(text).is_ok_and(|document| self.is_at(document.root(), &self.path))
    }

    /// Whether the text is at a path; of an array any element will do.
    fn is_at(&self, node: Node<'_>, path: &[String]) -> bool {
        match (node.kind(), path) {
            (Kind::Array, _) => node.elements().any(|element| self.is_at(element, path)),
            (_, [first, rest @ ..]) => node.get(first).is_some_and(|member| self.is_at(member, rest)),
            (_, []) => match node.as_text() {
                Some(text) => text.contains(&self.text),
                None => node.source_text().contains(&self.text),
            },
        }
    }
}

fn milliseconds(what: &str, text: &str) -> Result<u64, Refused> {
    if let Ok(milliseconds) = text.parse() {
        return Ok(milliseconds);
    }
    let time: Timestamp = text.parse().map_err(|error| {
        Refused::bad(format!("`{what}` is no time: {error}")).with_help("write it as RFC 3339 has it, such as 2026-01-31T12:00:00Z")
    })?;
    Ok(u64::try_from(time.as_millisecond()).unwrap_or_default())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::journal::{Outcome, StoredBundle, StoredRequest};

    fn event() -> Event {
        Event {
            id: "e".into(),
            received_at: 1_790_000_000_000,
            service: "shop".into(),
            webhook: "orders".into(),
            outcome: Outcome::Accepted,
            request: StoredRequest::default(),
            body: Bytes::from_static(b"<order>17</order>"),
            dedupe: None,
            bundles: vec![StoredBundle {
                id: "b".into(),
                hook: "h1".into(),
                json: Bytes::from_static(br#"{"order": {"id": 17.50, "name": "caf\u00e9"}, "tags": [{"x": "one"}, {"x": "two"}]}"#),
            }],
            unmatched: Vec::new(),
            replay_of: None,
        }
    }

    fn takes(query: &str) -> bool {
        let matcher = Matcher::new(&serde_html_form::from_str(query).unwrap()).unwrap_or_else(|_| panic!("{query}"));
        matcher.outcome(&event(), || EventOutcome::Accepted).is_some()
    }

    #[test]
    fn an_event_is_meant_when_all_that_is_said_holds() {
        let meant = ["", "service=shop&webhook=orders&hook=h1&outcome=accepted", "text=%3E17%3C", "text=17.50"];
        for query in meant {
            assert!(takes(query), "{query}");
        }
        for query in ["service=shops", "webhook=order", "hook=h2", "outcome=failed", "text=18", "service=shop&hook=h2"] {
            assert!(!takes(query), "{query}");
        }
    }

    #[test]
    fn a_field_is_looked_for_along_its_path_and_through_arrays() {
        for query in
            ["field=order.id%3D17.50", "field=order.id%3D17", "field=order.name%3Dcaf%C3%A9", "field=tags.x%3Dtwo", "field=order.id%3D"]
        {
            assert!(takes(query), "{query}");
        }
        for query in ["field=order.id%3D18", "field=order.no%3D1", "field=id%3D17", "field=tags.y%3Dtwo"] {
            assert!(!takes(query), "{query}");
        }
    }

    #[test]
    fn times_are_compared_to_the_millisecond_and_both_ends_count() {
        for (query, meant) in [
            ("from=2026-09-21T14:13:20Z", true),
            ("to=2026-09-21T14:13:20.000Z", true),
            ("from=2026-09-21T14:13:20.001Z", false),
            ("to=2026-09-21T16:13:19.999%2B02:00", false),
            ("from=1790000000000&to=1790000000000", true),
        ] {
            assert_eq!(takes(query), meant, "{query}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_way_out() {
        let refusal = |selection: Selection| Matcher::new(&selection).err().unwrap().to_string();
        let from = Selection { from: Some("yesterday".into()), ..Selection::default() };
        assert!(refusal(from).starts_with("`from` is no time: "));
        let field = Selection { field: Some("17".into()), ..Selection::default() };
        assert_eq!(refusal(field), "`17` names no field and its text");
        let cursor = Selection { cursor: Some("17-x".into()), ..Selection::default() };
        assert_eq!(cursor.cursor::<1>().err().unwrap().to_string(), "`17-x` is no cursor");
        assert_eq!(Selection { cursor: Some("17-9".into()), ..Selection::default() }.cursor().ok().flatten(), Some([17, 9]));
    }
}
