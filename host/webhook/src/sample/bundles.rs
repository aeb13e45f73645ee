//! `bundles.json`: the items and bundles that a sample expects.

use hookwright_iml::Value;
use hookwright_iml::json::{self, Document, Kind, Node};

use super::{Malformed, difference};
use crate::Item;

/// The items as a `bundles.json` file holds them: `[{"uid": "T1", "bundles": [...]}]`, indented.
pub fn print_items(items: &[Item]) -> String {
    let text = items_json(items);
    let document = Document::parse(&text).expect("items are written as JSON");
    let mut out = String::new();
    pretty(document.root(), 0, &mut out);
    out.push('\n');
    out
}

/// How items differ from a `bundles.json` file; nothing if they do not. White space and escapes do not count, the order
/// of keys and the digits of numbers do. A file that is a plain array of bundles is compared without regard to items.
///
/// # Errors
/// Where the file is not JSON or not an array.
pub fn compare_items(file: &str, items: &[Item]) -> Result<Option<String>, Malformed> {
    let expected = Document::parse_with_comments(file).map_err(|error| Malformed(format!("bundles.json: {error}")))?;
    if expected.root().kind() != Kind::Array {
        return Err(Malformed("bundles.json: not an array".to_owned()));
    }
    let got = if expected.root().elements().all(is_item) && !expected.root().is_empty() { items_json(items) } else { bundles_json(items) };
    let got = Document::parse(&got).expect("items are written as JSON");
    Ok(difference::lines(&printed(expected.root()), &printed(got.root())))
}

/// An object with `bundles` and nothing else but a uid.
fn is_item(node: Node<'_>) -> bool {
    let only_known = node.entries().all(|(key, _)| matches!(key.as_text().as_deref(), Some("uid" | "bundles")));
    only_known && node.get("bundles").is_some_and(|bundles| bundles.kind() == Kind::Array)
}

fn printed(node: Node<'_>) -> String {
    let mut out = String::new();
    pretty(node, 0, &mut out);
    out
}

fn items_json(items: &[Item]) -> String {
    let items: Vec<_> = items.iter().map(item_json).collect();
    format!("[{}]", items.join(","))
}

fn item_json(item: &Item) -> String {
    let uid = item.uid.as_deref().map_or(Value::Null, Value::text);
    let mut out = b"{\"uid\":".to_vec();
    uid.write_json(&mut out);
    format!("{},\"bundles\":{}}}", String::from_utf8_lossy(&out), bundles_json(std::slice::from_ref(item)))
}

fn bundles_json(items: &[Item]) -> String {
    let bundles = items.iter().flat_map(|item| &item.bundles);
    let bundles: Vec<_> = bundles.map(|bundle| String::from_utf8_lossy(&bundle.json)).collect();
    format!("[{}]", bundles.join(","))
}

/// Writes a node with one member or element a line.
fn pretty(node: Node<'_>, depth: usize, out: &mut String) {
    match node.kind() {
        Kind::Array if !node.is_empty() => {
            block(out, depth, ['[', ']'], node.elements(), |element, out| {
                pretty(element, depth + 1, out);
            });
        }
        Kind::Object if !node.is_empty() => {
            block(out, depth, ['{', '}'], node.entries(), |(key, value), out| {
                pretty(key, depth + 1, out);
                out.push_str(": ");
                pretty(value, depth + 1, out);
            });
        }
        Kind::Text => scalar(node, out),
        Kind::Array => out.push_str("[]"),
        Kind::Object => out.push_str("{}"),
        _ => out.push_str(node.source_text()),
    }
}

fn block<T>(out: &mut String, depth: usize, brackets: [char; 2], parts: impl Iterator<Item = T>, mut write: impl FnMut(T, &mut String)) {
    out.push(brackets[0]);
    for (index, part) in parts.enumerate() {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(depth + 1));
        write(part, out);
    }
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
    out.push(brackets[1]);
}

fn scalar(node: Node<'_>, out: &mut String) {
    let mut bytes = Vec::new();
    json::write_text(&node.as_text().unwrap_or_default(), &mut bytes);
    out.push_str(&String::from_utf8_lossy(&bytes));
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::Bundle;

    fn items() -> Vec<Item> {
        let bundle = |json: &'static str| Bundle { hook: "h".to_owned(), json: Bytes::from_static(json.as_bytes()) };
        let bundles = vec![bundle(r#"{"a":"é","n":1.0}"#), bundle("2")];
        vec![Item { uid: Some("T1".to_owned()), matched: true, bundles }]
    }

    #[test]
    fn items_or_plain_bundles_may_be_expected() {
        let table = [r#"[{"uid": "T1", "bundles": [{"a": "\u00e9", "n": 1.0}, 2]}]"#, r#"[{"a": "é", "n": 1.0}, 2] // plainly"#];
        for expected in table {
            assert_eq!(compare_items(expected, &items()).unwrap(), None, "{expected}");
        }
        assert_eq!(compare_items(&print_items(&items()), &items()).unwrap(), None);
    }

    #[test]
    fn another_uid_another_number_and_a_missing_bundle_are_differences() {
        let table =
            [r#"[{"uid": "T2", "bundles": [{"a": "é", "n": 1.0}, 2]}]"#, r#"[{"a": "é", "n": 1}, 2]"#, r#"[{"a": "é", "n": 1.0}]"#, "[]"];
        for expected in table {
            assert!(compare_items(expected, &items()).unwrap().is_some(), "{expected}");
        }
    }

    #[test]
    fn nothing_expected_is_nothing_delivered() {
        let unmatched = Item { uid: Some("T1".to_owned()), matched: false, bundles: Vec::new() };
        assert_eq!(compare_items("[]", &[unmatched]).unwrap(), None);
    }

    #[test]
    fn a_file_that_is_not_an_array_is_refused() {
        assert!(compare_items("{}", &[]).is_err());
        assert!(compare_items("[", &[]).is_err());
    }
}
