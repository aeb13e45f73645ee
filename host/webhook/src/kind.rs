//! `type`: whether a webhook has one URL for all users or one for each hook, in Make's words.

use std::fmt;

use hookwright_iml::json::Node;

use crate::LoadOptions;
use crate::reader::Reader;
use crate::uid::Uid;

/// Whether a webhook has one URL for all users or one for each hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One URL; the uid says whose an item is. `web-shared` in a spec.
    Shared,
    /// One URL for each hook. `web` in a spec.
    Dedicated,
}

/// The values of `type`.
const TYPES: [(&str, Kind); 2] = [("web", Kind::Dedicated), ("web-shared", Kind::Shared)];

impl Kind {
    /// Reads `type`.
    pub(crate) fn read(reader: &mut Reader<'_>, key: Node<'_>, value: Node<'_>) -> Option<Self> {
        let text = value.as_text().unwrap_or_default();
        let found = TYPES.into_iter().find(|(name, _)| *name == text).map(|(_, kind)| kind);
        if found.is_none() {
            let help = "the type of the answer to the sender is `respond.type`";
            reader.error(key.span(), "`type` must be \"web\" (a URL for each hook) or \"web-shared\" (one URL for all users)", help);
        }
        found
    }

    /// What a webhook is, and whose its items are: what the spec says of itself, its `uid`, and the plugin together.
    pub(crate) fn settle(
        reader: &mut Reader<'_>,
        root: Node<'_>,
        (declared, uid): (Option<Self>, Option<Uid>),
        options: LoadOptions<'_>,
    ) -> (Self, Option<Uid>) {
        let has_uid = root.get("uid").is_some();
        let uid = if has_uid { uid } else { Uid::extractor(options.plugin, options.name) };
        match declared {
            Some(Self::Dedicated) if has_uid => contradiction(reader, root),
            // The extractor is for other webhooks of the service.
            Some(Self::Dedicated) => return (Self::Dedicated, None),
            Some(Self::Shared) if !has_uid && uid.is_none() => nobodys(reader, root),
            None if !has_uid && uid.is_some() => undeclared(reader, root),
            None if !has_uid && options.shared => without_uid(reader, root),
            _ => {}
        }
        let shared = options.shared || has_uid || uid.is_some() || declared == Some(Self::Shared);
        (if shared { Self::Shared } else { Self::Dedicated }, uid)
    }
}

fn contradiction(reader: &mut Reader<'_>, root: Node<'_>) {
    let help = "write \"type\": \"web-shared\", or leave `uid` out";
    reader.error(span(root, "type"), "a webhook with `uid` is shared, and `web` says that it is not", help);
}

fn nobodys(reader: &mut Reader<'_>, root: Node<'_>) {
    let help = "add \"uid\": \"{{...}}\", the service's id for its user; or is the plugin missing (plugin.wasm) that finds it?";
    reader.error(span(root, "type"), "a shared webhook needs `uid` or a plugin with a uid extractor, and there is neither", help);
}

fn undeclared(reader: &mut Reader<'_>, root: Node<'_>) {
    let start = root.span().start;
    let help = "add \"type\": \"web-shared\", so that the webhook is refused without the plugin, and not served as another kind";
    reader.warning(start..start + 1, "this webhook is shared only because the plugin has a uid extractor", help);
}

fn without_uid(reader: &mut Reader<'_>, root: Node<'_>) {
    let start = root.span().start;
    let help = "add \"uid\": \"{{...}}\", the service's id for its user";
    reader.warning(start..start + 1, "a shared webhook without `uid` reaches nobody", help);
}

fn span(root: Node<'_>, directive: &str) -> std::ops::Range<usize> {
    root.get(directive).map_or(root.span(), |node| node.span())
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shared => "shared",
            Self::Dedicated => "dedicated",
        })
    }
}
