//! Values to XML.

use quick_xml::escape::escape;

use super::{Error, MAXIMUM_DEPTH};
use crate::excerpt;
use crate::value::{Collection, Value};

/// Writes a collection with one member, the root element, in the shape that [`read`](super::read()) gives. Elements
/// may be written shorter too: a text instead of `[{_value: ...}]`, a collection instead of an array of one.
///
/// # Errors
/// Where there is not one root, a name is none in XML, or the value nests more than 128 levels deep.
pub fn write(value: &Value<'_>) -> Result<String, Error> {
    let Value::Collection(document) = value else {
        return Err(not_one_root());
    };
    let mut out = String::new();
    let mut members = document.iter().filter(|(_, value)| !value.is_nothing());
    let (Some((name, root)), None) = (members.next(), members.next()) else {
        return Err(not_one_root());
    };
    match root {
        Value::Array(nodes) if nodes.len() != 1 => return Err(not_one_root()),
        root => write_nodes(&mut out, &name, &root, 1)?,
    }
    Ok(out)
}

fn not_one_root() -> Error {
    Error::new("XML has one root element: the value must be a collection with one member")
}

/// Writes one element for each member of an array, or one for any other value. Nothing writes none.
fn write_nodes(out: &mut String, name: &str, value: &Value<'_>, depth: usize) -> Result<(), Error> {
    match value {
        Value::Missing => Ok(()),
        Value::Array(nodes) => nodes.iter().try_for_each(|node| write_element(out, name, &node, depth)),
        node => write_element(out, name, node, depth),
    }
}

fn write_element(out: &mut String, name: &str, node: &Value<'_>, depth: usize) -> Result<(), Error> {
    if depth > MAXIMUM_DEPTH {
        return Err(Error::new(format!("the value nests more than {MAXIMUM_DEPTH} levels deep")));
    }
    check_name(name)?;
    out.push('<');
    out.push_str(name);
    let mut contents = String::new();
    match node {
        Value::Collection(members) => {
            write_attributes(out, &members.get("_attributes"))?;
            write_contents(&mut contents, members, depth)?;
        }
        other => contents.push_str(&escape(other.to_text())),
    }
    if contents.is_empty() {
        out.push_str("/>");
    } else {
        out.push('>');
        out.push_str(&contents);
        out.push_str("</");
        out.push_str(name);
        out.push('>');
    }
    Ok(())
}

fn write_attributes(out: &mut String, attributes: &Value<'_>) -> Result<(), Error> {
    let Value::Collection(attributes) = attributes else {
        return Ok(());
    };
    for (name, value) in attributes.iter().filter(|(_, value)| !value.is_nothing()) {
        check_name(&name)?;
        out.push(' ');
        out.push_str(&name);
        out.push_str("=\"");
        out.push_str(&escape(value.to_text()));
        out.push('"');
    }
    Ok(())
}

/// The text of an element, then its children.
fn write_contents(out: &mut String, members: &Collection<'_>, depth: usize) -> Result<(), Error> {
    out.push_str(&escape(members.get("_value").to_text()));
    let children = members.iter().filter(|(name, _)| !matches!(&**name, "_value" | "_attributes"));
    for (name, child) in children {
        write_nodes(out, &name, &child, depth + 1)?;
    }
    Ok(())
}

/// A letter or `_`, then letters, digits and `.-_:`.
fn check_name(name: &str) -> Result<(), Error> {
    let begins = name.starts_with(|first: char| first.is_alphabetic() || first == '_');
    let goes_on = |character: char| character.is_alphanumeric() || ".-_:".contains(character);
    if begins && name.chars().all(goes_on) {
        return Ok(());
    }
    Err(Error::new(format!("`{}` cannot be the name of an XML element or attribute", excerpt(name))))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::json::Document;

    fn written(json: &str) -> Result<String, Error> {
        write(&Value::from_json(Document::parse(json).unwrap().root()))
    }

    #[test]
    fn what_was_read_is_written_again() {
        for xml in [r#"<a k="1&amp;2" l="&lt;&quot;"><b>x &lt; y</b><b/><c>z</c></a>"#, "<a/>", "<a>1</a>"] {
            assert_eq!(write(&super::super::read(xml, &crate::budget::Unbounded).unwrap()).unwrap(), xml);
        }
    }

    #[test]
    fn short_forms_are_elements_too() {
        assert_eq!(
            written(r#"{"a": {"b": [1, true], "c": {"_value": "t"}, "d": null}}"#).unwrap(),
            "<a><b>1</b><b>true</b><c>t</c><d/></a>"
        );
        assert_eq!(written(r#"{"a": "t"}"#).unwrap(), "<a>t</a>");
    }

    #[test]
    fn what_has_no_single_root_or_a_wrong_name_is_refused() {
        for json in ["{}", "1", r#"{"a": 1, "b": 2}"#, r#"{"a": [1, 2]}"#, r#"{"a b": 1}"#, r#"{"a": {"1": 2}}"#] {
            assert!(written(json).is_err(), "{json}");
        }
    }
}
