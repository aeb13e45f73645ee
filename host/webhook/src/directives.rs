//! The names of the directives, and what to tell the author who wrote another one.

use hookwright_iml::json::Node;

use crate::reader::Reader;

/// Every directive of a webhook. `$schema` is for editors and means nothing.
pub(crate) const ALL: [&str; 9] = ["type", "verification", "condition", "iterate", "uid", "output", "respond", "dedupe", "$schema"];

/// Notes a key that does not belong where it stands; `parent` is empty at the top level.
pub(crate) fn unknown_key(reader: &mut Reader<'_>, key: Node<'_>, name: &str, parent: &str, known: &[&str]) {
    let help = match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known here: {}", listed(known)),
    };
    let message = match parent {
        "" => format!("unknown directive `{name}`"),
        _ => format!("`{parent}` has no key `{name}`"),
    };
    reader.error(key.span(), message, help);
}

/// Checks the top level's keys; those of Make's other components get a message of their own.
pub(crate) fn check(reader: &mut Reader<'_>, root: Node<'_>) {
    let mut seen: Vec<String> = Vec::new();
    for (key, value) in root.entries() {
        let name = key.as_text().unwrap_or_default().into_owned();
        match name.as_str() {
            directive if ALL.contains(&directive) => repeated(reader, key, directive, &seen),
            "response" => module_response(reader, key, value),
            "log" => reader.warning(key.span(), "`log` has no effect here", "bodies and headers are never logged"),
            "temp" => reader.error(key.span(), "a webhook has no `temp`", "write the expression where it is used"),
            "url" | "baseUrl" | "method" | "qs" | "headers" | "body" | "pagination" => {
                request_key(reader, key, &name);
            }
            _ => unknown_key(reader, key, &name, "", &ALL),
        }
        seen.push(name);
    }
}

/// Notes a key that stands in its object for the second time.
pub(crate) fn repeated(reader: &mut Reader<'_>, key: Node<'_>, name: &str, seen: &[String]) {
    if seen.iter().any(|earlier| earlier == name) {
        reader.warning(key.span(), format!("`{name}` stands here a second time; the last one counts"), "");
    }
}

/// `response: {...}` is how modules say what comes out of a request they have made.
fn module_response(reader: &mut Reader<'_>, key: Node<'_>, value: Node<'_>) {
    let moves: Vec<_> = value.entries().filter_map(|(inner, _)| moved(&inner.as_text()?)).collect();
    let help = if moves.is_empty() {
        "a webhook's answer to the sender is `respond`; what goes to the recipients is `output`".to_owned()
    } else {
        moves.join("; ")
    };
    reader.error(key.span(), "`response` belongs to modules; in a webhook its keys stand at the top level", help);
}

fn moved(inner: &str) -> Option<String> {
    let place = match inner {
        "output" | "iterate" | "uid" | "condition" => inner,
        "valid" => "condition",
        "type" | "status" | "headers" | "body" => {
            return Some(format!("`response.{inner}` goes to `respond.{inner}`"));
        }
        "error" => {
            return Some("`response.error` has no place: answer with `respond.status`".to_owned());
        }
        "limit" | "temp" | "wrapper" | "trigger" | "data" => {
            return Some(format!("`response.{inner}` has no place in a webhook"));
        }
        _ => return None,
    };
    Some(format!("`response.{inner}` goes to `{place}`"))
}

fn request_key(reader: &mut Reader<'_>, key: Node<'_>, name: &str) {
    let help = match name {
        "headers" | "body" => format!("the answer to the sender has it: `respond.{name}`"),
        _ => "requests are made by attach, detach and modules; a webhook only receives".to_owned(),
    };
    reader.error(key.span(), format!("`{name}` describes a request to make, and a webhook makes none"), help);
}

/// The known name that `name` is probably a slip of.
pub(crate) fn nearest<'n>(name: &str, known: &[&'n str]) -> Option<&'n str> {
    let limit = (name.chars().count() / 3).clamp(1, 3);
    let distance = |candidate: &str| strsim::damerau_levenshtein(&name.to_ascii_lowercase(), candidate);
    let near = known.iter().map(|candidate| (distance(candidate), *candidate)).min()?;
    (near.0 <= limit).then_some(near.1)
}

/// `a`, `b`, `c` for a help line.
pub(crate) fn listed(names: &[&str]) -> String {
    let visible: Vec<_> = names.iter().filter(|name| !name.starts_with('$')).map(|name| format!("`{name}`")).collect();
    visible.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_small_slip_is_guessed_at() {
        let table = [("iterat", Some("iterate")), ("Uid", Some("uid")), ("resond", Some("respond")), ("xyz", None), ("out", None)];
        for (name, expected) in table {
            assert_eq!(nearest(name, &ALL), expected, "{name}");
        }
    }
}
