//! Functions over documents: XML, and the types of files.

use super::{ArgumentError, Arguments, Arity, Call, Example, Family, Function};
use crate::value::Value;
use crate::xml;

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "createXML",
        family: Family::General,
        signature: "createXML(value)",
        summary: "Writes a collection with one member, the root element, as XML. In a node _attributes are its \
                  attributes and _value is its text; an array is several elements of one name.",
        examples: &[Example::with(
            r#"{"v": {"a": {"_attributes": {"k": "1"}, "b": ["x", "<y>"]}}}"#,
            "createXML(v)",
            r#""<a k=\"1\"><b>x</b><b>&lt;y&gt;</b></a>""#,
        )],
        arity: Arity::exactly(1),
        call: Call::Eager(create_xml),
    },
    Function {
        name: "parseXML",
        family: Family::General,
        signature: "parseXML(text)",
        summary: "Reads XML: every node is an array, its text _value, its attributes _attributes. What is not XML is \
                  an error.",
        examples: &[
            Example::new(r#"parseXML('<a k="1"><b>x</b></a>')"#, r#"{"a":[{"_attributes":{"k":"1"},"b":[{"_value":"x"}]}]}"#),
            Example::with(r#"{"x": "<a><b>1</b><b>2</b></a>"}"#, "parseXML(x)", r#"{"a":[{"b":[{"_value":"1"},{"_value":"2"}]}]}"#),
        ],
        arity: Arity::exactly(1),
        call: Call::Eager(parse_xml),
    },
    Function {
        name: "mime",
        family: Family::General,
        signature: "mime(fileName)",
        summary: "Gives the MIME type that a file's name ends in; nothing if the ending is unknown.",
        examples: &[
            Example::new(r#"mime("picture.png")"#, r#""image/png""#),
            Example::new(r#"mime("unknown.thing")"#, r#"{"$undefined":true}"#),
        ],
        arity: Arity::exactly(1),
        call: Call::Eager(mime),
    },
];

fn create_xml<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>, ArgumentError> {
    let written = xml::write(&arguments.next_value());
    written.map(Value::text).map_err(|error| arguments.blame(0, error.message))
}

fn parse_xml<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>, ArgumentError> {
    let text = arguments.next_text()?;
    xml::read(&text, arguments.budget()).map_err(|error| match error.interrupt {
        Some(interrupt) => interrupt.into(),
        None => arguments.blame(0, error.message),
    })
}

fn mime<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>, ArgumentError> {
    let name = arguments.next_text()?;
    let guess = mime_guess::from_path(&*name).first_raw();
    Ok(guess.map_or(Value::Missing, Value::text))
}
