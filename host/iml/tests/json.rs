//! The JSON reader: what it takes, what it refuses, and where it says things stand.
#![allow(clippy::unwrap_used)]

use hookwright_iml::Value;
use hookwright_iml::json::{Document, Kind, write_text};

const TEXTS: &[&str] = &[
    "null",
    "true",
    " false ",
    "0",
    "-0",
    "12",
    "-1.5e+3",
    "1E9",
    "01",
    "1.",
    ".5",
    "-",
    "1e",
    "+1",
    "0x1",
    "1.5.2",
    "NaN",
    "tru",
    "nulll",
    "\"\"",
    "\"a\"",
    "\"\\u00e9\\n\\/\"",
    "\"\\u12\"",
    "\"\\x\"",
    "\"\t\"",
    "\"a",
    "'a'",
    "[]",
    "[ ]",
    "[1,2]",
    "[1,]",
    "[,1]",
    "[1 2]",
    "[1",
    "]",
    "{}",
    "{ }",
    "{\"a\":1}",
    "{\"a\" : [ { } ] , \"b\":null}",
    "{\"a\":1,}",
    "{a:1}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\" 1}",
    "{\"a\":1 \"b\":2}",
    "{,}",
    "",
    " ",
    "1 2",
    "[1]]",
    "{\"a\":1}}",
    "// c\n1",
    "[1/**/]",
    "\"\u{7f}é😀\"",
    "[[[[[]]]]]",
    "{\"a\":[}",
    "[{]}",
];

#[test]
fn strict_reading_agrees_with_serde_json() {
    for text in TEXTS {
        let ours = Document::parse(text).is_ok();
        let theirs = serde_json::from_str::<serde_json::Value>(text).is_ok();
        assert_eq!(ours, theirs, "{text}");
    }
}

#[test]
fn every_value_is_what_serde_json_reads() {
    for text in TEXTS {
        let (Ok(document), Ok(theirs)) = (Document::parse(text), serde_json::from_str::<serde_json::Value>(text)) else { continue };
        let ours: serde_json::Value = serde_json::from_str(&Value::from_json(document.root()).to_json()).unwrap();
        assert_eq!(ours, theirs, "{text}");
    }
}

#[test]
fn comments_and_trailing_commas_are_for_specs() {
    let text = "// first\n{ /* a */ \"a\": [1, 2, /* } */], // end\n \"b\": {\"c\": 1,},\n}\n// last";
    assert!(Document::parse(text).is_err());
    let document = Document::parse_with_comments(text).unwrap();
    let mut compact = Vec::new();
    document.root().write_compact(&mut compact);
    assert_eq!(compact, br#"{"a":[1,2],"b":{"c":1}}"#);
    for text in ["[1,,]", "[,]", "{,}", "/* open", "[1] / 2", "[1 /]"] {
        assert!(Document::parse_with_comments(text).is_err(), "{text}");
    }
}

#[test]
fn an_error_says_what_is_wrong_and_where() {
    for (text, offset, part) in [
        ("{\"a\": tru}", 6, "a value"),
        ("[1 2]", 3, "`,` or `]`"),
        ("{\"a\" 1}", 5, "`:`"),
        ("{a: 1}", 1, "key in double quotes"),
        ("[\"abc", 1, "no closing quote"),
        ("[1", 2, "the text ends"),
        ("1 x", 2, "should end"),
        ("[01]", 1, "not a number"),
        ("\"\\q\"", 1, "escape"),
    ] {
        let error = Document::parse(text).unwrap_err();
        assert!(error.offset == offset && error.message.contains(part), "{text}: {error}");
    }
}

#[test]
fn nodes_know_their_bytes() {
    let text = "{\"k\": [10, \"a\\u00e9b\"]}";
    let document = Document::parse(text).unwrap();
    let list = document.root().get("k").unwrap();
    assert_eq!(&text[list.span()], "[10, \"a\\u00e9b\"]");
    let escaped = list.elements().nth(1).unwrap();
    assert_eq!(escaped.as_text().unwrap(), "aéb");
    assert_eq!((escaped.kind(), list.len()), (Kind::Text, 2));
    let places: Vec<&str> = [0, 1, 3].map(|offset| &text[escaped.source_offset(offset)..][..1]).to_vec();
    assert_eq!(places, ["a", "\\", "b"]);
}

#[test]
fn the_last_of_equal_keys_wins_at_the_place_of_the_first() {
    let document = Document::parse(r#"{"a": 1, "b": 2, "a": 3, "\u0061": 4}"#).unwrap();
    assert_eq!(document.root().get("a").unwrap().source_text(), "4");
    assert_eq!(Value::from_json(document.root()).to_json(), r#"{"a":4,"b":2}"#);
    let mut compact = Vec::new();
    document.root().write_compact(&mut compact);
    assert_eq!(compact, br#"{"a":1,"b":2,"a":3,"\u0061":4}"#);
}

#[test]
fn many_keys_are_found_as_few_are() {
    let members: Vec<String> = (0..100).map(|n| format!("\"k{}\": {n}", n % 60)).collect();
    let text = format!("{{{}}}", members.join(","));
    let document = Document::parse(&text).unwrap();
    let value = Value::from_json(document.root());
    let theirs: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value.to_json(), theirs.to_string());
    assert_eq!(value.get("k39").to_text(), "99");
}

#[test]
fn half_a_surrogate_pair_becomes_the_replacement_character() {
    let document = Document::parse(r#"["\ud83d\ude00", "\ud83d", "\ude00x", "\ud83d\u0041"]"#).unwrap();
    let texts: Vec<String> = document.root().elements().map(|node| node.as_text().unwrap().into_owned()).collect();
    assert_eq!(texts, ["😀", "\u{fffd}", "\u{fffd}x", "\u{fffd}A"]);
}

#[test]
fn what_is_passed_through_keeps_its_escapes_and_json_within_the_language_has_javascripts() {
    let text = r#"{"caf\u00e9":["\/","\ud83d\ude00","\ud83d",1.0,1e3],"n":9007199254740993}"#;
    let document = Document::parse(text).unwrap();
    let value = Value::from_json(document.root());
    let mut written = Vec::new();
    value.write_json(&mut written);
    assert_eq!(String::from_utf8(written).unwrap(), text);
    let stringified = "{\"café\":[\"/\",\"😀\",\"\u{fffd}\",1.0,1e3],\"n\":9007199254740993}";
    assert_eq!(value.to_json(), stringified);
    assert_eq!(value.to_text(), stringified);
}

#[test]
fn texts_are_written_as_javascript_writes_them() {
    for text in ["", "plain", "a\"b\\c/d", "\u{0}\u{1f}\u{8}\u{c}\n\r\t", "é😀\u{7f}\u{2028}", "12345678\"12345678"] {
        let mut out = Vec::new();
        write_text(text, &mut out);
        assert_eq!(out, serde_json::to_vec(text).unwrap());
    }
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    assert_eq!(Document::parse("\u{feff}[1]").unwrap().root().len(), 1);
}
