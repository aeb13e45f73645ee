//! What a spec gave for one request, directive by directive, as it is shown: by `try`, and of a stored event.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hookwright_webhook::sample::{print_items, print_reply};
use hookwright_webhook::{Bundle, Diagnostic, Item, Reply};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::services::Finding;

/// What every directive gave.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Trace {
    /// `verification`: whether the request was the service's question whether anyone listens.
    pub verification: bool,
    /// `condition`: whether it held, for one recipient at least where it is asked for each.
    pub accepted: bool,
    /// `respond`: what the sender was told.
    pub reply: Option<TracedReply>,
    /// `iterate`, `uid` and `output`: the items with their bundles.
    pub items: Vec<TracedItem>,
    /// `dedupe`: the id by which a repeat is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedupe: Option<String>,
    /// What is wrong with the spec, or went wrong in it.
    pub diagnostics: Vec<Finding>,
}

/// A reply.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct TracedReply {
    /// Its status.
    pub status: u16,
    /// Its headers, names in lower case.
    pub headers: BTreeMap<String, HeaderValues>,
    /// Its body.
    pub body: Body,
}

/// The values of a header.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum HeaderValues {
    /// The usual case.
    One(String),
    /// It came several times.
    Several(Vec<String>),
}

/// A body, of a request or a reply.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Body {
    /// UTF-8.
    Text(String),
    /// Anything else.
    Bytes {
        /// The bytes in base64.
        #[serde(rename = "$buffer")]
        base64: String,
    },
}

/// An item with its bundles.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct TracedItem {
    /// Whose it is, in a shared webhook.
    pub uid: Option<String>,
    /// The hooks that the bundles are for, in their order; left out where there are no hooks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<String>,
    /// The bundles.
    pub bundles: Vec<Box<RawValue>>,
}

impl Trace {
    /// For a person: the reply as a message, then what is delivered.
    pub fn text(&self) -> Vec<u8> {
        let items: Vec<_> = self.items.iter().map(TracedItem::item).collect();
        self.reply.as_ref().map_or_else(Vec::new, |reply| text(&reply.reply(), &items, self.verification))
    }
}

/// A reply as a message, then what is delivered.
pub fn text(reply: &Reply, items: &[Item], verification: bool) -> Vec<u8> {
    let mut out = print_reply(reply);
    if !out.ends_with(b"\n") {
        out.push(b'\n');
    }
    let delivered = match items {
        [] if verification => "verification: nothing is delivered\n".to_owned(),
        [] => "nothing is delivered\n".to_owned(),
        items => print_items(items),
    };
    out.extend_from_slice(format!("\n{delivered}").as_bytes());
    out
}

impl From<&Reply> for TracedReply {
    fn from(reply: &Reply) -> Self {
        let mut headers = BTreeMap::new();
        for (name, value) in &reply.headers {
            let values = headers.entry(name.to_ascii_lowercase());
            values.and_modify(|values: &mut HeaderValues| values.push(value)).or_insert_with(|| HeaderValues::One(value.clone()));
        }
        Self { status: reply.status, headers, body: Body::of(&reply.body) }
    }
}

impl TracedReply {
    fn reply(&self) -> Reply {
        let headers = self.headers.iter().flat_map(|(name, values)| values.each().iter().map(|value| (name.clone(), value.clone())));
        Reply { status: self.status, headers: headers.collect(), body: self.body.bytes() }
    }
}

impl HeaderValues {
    fn push(&mut self, value: &str) {
        match self {
            Self::One(first) => *self = Self::Several(vec![std::mem::take(first), value.to_owned()]),
            Self::Several(values) => values.push(value.to_owned()),
        }
    }

    fn each(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Several(values) => values,
        }
    }
}

impl Body {
    /// These bytes, as text where they are that.
    pub fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Bytes { base64: STANDARD.encode(bytes) },
        }
    }

    /// The bytes again.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Bytes { base64 } => STANDARD.decode(base64).unwrap_or_default(),
        }
    }
}

impl TracedItem {
    /// The bundles go out as they are, so that no number loses a digit.
    pub fn of(item: &Item) -> serde_json::Result<Self> {
        let bundles = item.bundles.iter().map(|bundle| serde_json::from_slice(&bundle.json));
        Ok(Self { uid: item.uid.clone(), hooks: Vec::new(), bundles: bundles.collect::<Result<_, _>>()? })
    }

    /// With the hooks that the bundles are for.
    pub fn with_hooks(item: &Item) -> serde_json::Result<Self> {
        let hooks = item.bundles.iter().map(|bundle| bundle.hook.clone()).collect();
        Ok(Self { hooks, ..Self::of(item)? })
    }

    fn item(&self) -> Item {
        let bundles = self.bundles.iter().enumerate().map(|(place, json)| Bundle {
            hook: self.hooks.get(place).cloned().unwrap_or_default(),
            json: Bytes::copy_from_slice(json.get().as_bytes()),
        });
        Item { uid: self.uid.clone(), matched: true, bundles: bundles.collect() }
    }
}

/// The diagnostics as they are shown.
pub fn findings<'d>(diagnostics: impl IntoIterator<Item = &'d Diagnostic>) -> Vec<Finding> {
    diagnostics.into_iter().map(Finding::from).collect()
}
