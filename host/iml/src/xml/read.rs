//! XML to values.

use std::borrow::Cow;

use indexmap::IndexMap;
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::{Error, MAXIMUM_DEPTH};
use crate::budget::Budget;
use crate::value::Value;

/// How many elements and attributes a document may have; the smallest takes four bytes of body and a hundred of memory.
const MAXIMUM_PARTS: usize = 100_000;

/// How many attributes an element may have: each is compared with all before it, as none may come twice.
const MAXIMUM_ATTRIBUTES: usize = 1_000;

/// How many names the elements directly inside one may have: who looks for a name looks at all of them.
const MAXIMUM_NAMES: usize = 10_000;

/// Reads a document. `<a k="1"><b>x</b></a>` is `{a: [{_attributes: {k: "1"}, b: [{_value: "x"}]}]}`.
/// Entities beyond XML's own five are refused, so that no document can grow while it is read.
///
/// # Errors
/// What is not well-formed, an entity of the document's own, more than 128 levels, 100,000 elements and attributes, 1,000
/// attributes of one element or 10,000 names of elements inside one; that `budget`, asked at each element, does not allow more.
pub fn read(text: &str, budget: &dyn Budget) -> Result<Value<'static>, Error> {
    let mut open = vec![Element::default()];
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut parts = 0;
    loop {
        match reader.read_event().map_err(refused)? {
            Event::Start(start) => {
                budget.check()?;
                let element = Element::begin(&start, open.len())?;
                parts += 1 + element.attributes.len();
                if parts > MAXIMUM_PARTS {
                    return Err(Error::new(format!("the XML has more than {MAXIMUM_PARTS} elements and attributes")));
                }
                open.push(element);
            }
            Event::End(_) => close(&mut open)?,
            Event::Text(text) => top(&mut open).text.push_str(&text.xml10_content()),
            Event::CData(data) => top(&mut open).text.push_str(&data.xml10_content()),
            Event::GeneralRef(reference) => top(&mut open).text.push_str(&resolve(&reference)?),
            Event::Eof => break,
            _ => {}
        }
    }
    document(open)
}

/// One element while it is being read; the lowest one stands for the document.
#[derive(Default)]
struct Element {
    name: String,
    attributes: Vec<(Cow<'static, str>, Value<'static>)>,
    text: String,
    children: IndexMap<String, Vec<Value<'static>>>,
}

impl Element {
    fn begin(start: &BytesStart<'_>, depth: usize) -> Result<Self, Error> {
        if depth > MAXIMUM_DEPTH {
            return Err(Error::new(format!("the XML nests more than {MAXIMUM_DEPTH} elements deep")));
        }
        let name = start.name().as_ref().to_owned();
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(refused)?;
            if attributes.len() == MAXIMUM_ATTRIBUTES {
                return Err(Error::new(format!("an element of the XML has more than {MAXIMUM_ATTRIBUTES} attributes")));
            }
            let key = attribute.key.as_ref().to_owned();
            let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(refused)?.into_owned();
            attributes.push((Cow::Owned(key), Value::text(value)));
        }
        Ok(Self { name, attributes, ..Self::default() })
    }

    fn finish(self) -> Value<'static> {
        let mut members = Vec::with_capacity(self.children.len() + 2);
        if !self.attributes.is_empty() {
            members.push((Cow::Borrowed("_attributes"), Value::collection(self.attributes)));
        }
        let value = self.text.trim();
        if !value.is_empty() {
            members.push((Cow::Borrowed("_value"), Value::text(value.to_owned())));
        }
        members.extend(self.children.into_iter().map(|(name, nodes)| (Cow::Owned(name), Value::array(nodes))));
        Value::collection(members)
    }
}

fn top(open: &mut [Element]) -> &mut Element {
    open.last_mut().expect("the document itself is never closed: the reader refuses unmatched ends")
}

fn close(open: &mut Vec<Element>) -> Result<(), Error> {
    let Some(mut element) = open.pop() else {
        return Ok(());
    };
    let name = std::mem::take(&mut element.name);
    let children = &mut top(open).children;
    children.entry(name).or_default().push(element.finish());
    if children.len() > MAXIMUM_NAMES {
        return Err(Error::new(format!("an element of the XML holds elements of more than {MAXIMUM_NAMES} names")));
    }
    Ok(())
}

fn document(mut open: Vec<Element>) -> Result<Value<'static>, Error> {
    if open.len() > 1 {
        return Err(Error::new(format!("the XML ends inside <{}>", top(&mut open).name)));
    }
    let root = open.swap_remove(0);
    let roots: usize = root.children.values().map(Vec::len).sum();
    if roots != 1 || !root.text.trim().is_empty() {
        return Err(Error::new("the XML is not one element"));
    }
    Ok(root.finish())
}

fn resolve(reference: &BytesRef<'_>) -> Result<String, Error> {
    if let Some(character) = reference.resolve_char_ref().map_err(refused)? {
        return Ok(character.to_string());
    }
    let name: &str = reference;
    let known = quick_xml::escape::resolve_xml_entity(name).map(str::to_owned);
    known.ok_or_else(|| Error::new(format!("the XML uses the entity &{name};, which XML does not define")))
}

fn refused(error: impl std::fmt::Display) -> Error {
    Error::new(format!("this is not XML: {error}"))
}
