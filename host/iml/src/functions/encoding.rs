//! Functions between texts and bytes, and the names of encodings.

use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{ArgumentError, Arguments, Arity, Call, Example, Family, Function};
use crate::value::{Binary, Value};

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "base64",
        family: Family::Text,
        signature: "base64(value)",
        summary: "Encodes a text (as UTF-8) or bytes in base64.",
        examples: &[Example::new(r#"base64("Make")"#, r#""TWFrZQ==""#)],
        arity: Arity::exactly(1),
        call: Call::Eager(|arguments| Ok(Value::text(STANDARD.encode(&*next_bytes(arguments)?)))),
    },
    Function {
        name: "toBinary",
        family: Family::Text,
        signature: "toBinary(value; [encoding])",
        summary: "Makes bytes of a text in the encoding utf8 (if none is named), hex, base64, ascii or binary.",
        examples: &[
            Example::new(r#"toBinary("4d616b65"; "hex")"#, r#"{"$buffer":"TWFrZQ=="}"#),
            Example::new(r#"toBinary("é"; "binary")"#, r#"{"$buffer":"6Q=="}"#),
        ],
        arity: Arity::between(1, 2),
        call: Call::Eager(to_binary),
    },
    Function {
        name: "toString",
        family: Family::Text,
        signature: "toString(value; [encoding])",
        summary: "Makes a text of any value: a date in ISO 8601, an array joined by commas, a collection as JSON, bytes \
                  in the encoding utf8 (if none is named), hex, base64, ascii or binary.",
        examples: &[
            Example::new(r#"toString(toBinary("TWFrZQ=="; "base64"))"#, r#""Make""#),
            Example::new(r#"toString(toBinary("Make"); "hex")"#, r#""4d616b65""#),
            Example::with(r#"{"a": {"b": [1, 2]}}"#, "toString(a)", r#""{\"b\":[1,2]}""#),
        ],
        arity: Arity::between(1, 2),
        call: Call::Eager(to_string),
    },
    Function {
        name: "encodeURL",
        family: Family::Text,
        signature: "encodeURL(text)",
        summary: "Percent-encodes a text so that it can be part of a URL, as JavaScript's encodeURIComponent does.",
        examples: &[Example::new(r#"encodeURL("Hello/Wörld!")"#, r#""Hello%2FW%C3%B6rld!""#)],
        arity: Arity::exactly(1),
        call: Call::Eager(encode_url),
    },
    Function {
        name: "decodeURL",
        family: Family::Text,
        signature: "decodeURL(text)",
        summary: "Decodes percent-encoding; what is not properly encoded is an error.",
        examples: &[Example::new(r#"decodeURL("Automate%20your%20workflow")"#, r#""Automate your workflow""#)],
        arity: Arity::exactly(1),
        call: Call::Eager(decode_url),
    },
];

type Result<T> = std::result::Result<T, ArgumentError>;

/// How bytes are written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Hex,
    Base64,
    Base64Url,
    /// One character for each byte: ISO 8859-1, which Make calls `latin1`, `binary` or `ascii`.
    Latin1,
}

/// What names an encoding, for messages.
pub(super) const ENCODINGS: &str = "utf8, hex, base64, base64url, latin1, ascii or binary";

/// Standard and lenient: with padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);

impl Encoding {
    /// The encoding of that name, in any case.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "utf8" | "utf-8" => Self::Utf8,
            "hex" => Self::Hex,
            "base64" => Self::Base64,
            "base64url" => Self::Base64Url,
            "latin1" | "binary" | "ascii" => Self::Latin1,
            _ => return None,
        })
    }

    /// The bytes as text; in UTF-8 what is not valid becomes base64, as everywhere.
    pub(super) fn encode(self, bytes: &[u8]) -> String {
        match self {
            Self::Utf8 => Binary::from(bytes).to_text().into_owned(),
            Self::Hex => hex::encode(bytes),
            Self::Base64 => STANDARD.encode(bytes),
            Self::Base64Url => URL_SAFE_NO_PAD.encode(bytes),
            Self::Latin1 => bytes.iter().map(|byte| char::from(*byte)).collect(),
        }
    }

    /// The bytes that a text stands for; none if it is not in this encoding.
    pub(super) fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Utf8 => Some(text.as_bytes().to_vec()),
            Self::Hex => hex::decode(text.trim()).ok(),
            Self::Base64 | Self::Base64Url => decode_base64(text),
            Self::Latin1 => Some(text.encode_utf16().map(|unit| unit.to_le_bytes()[0]).collect()),
        }
    }
}

/// Both alphabets, with padding or without, white space left out.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let standard = |byte| match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    };
    let characters: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).map(standard).collect();
    BASE64.decode(characters).ok()
}

/// The next argument as bytes: binary as it is, anything else as the UTF-8 of its text.
pub(super) fn next_bytes<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Binary<'v>> {
    match arguments.next_value() {
        Value::Binary(bytes) => Ok(bytes),
        other => Ok(Binary::from(arguments.text_of(other)?.as_bytes().to_vec())),
    }
}

/// The encoding that the next argument names, or `default` where it is left out.
pub(super) fn next_encoding(arguments: &mut Arguments<'_, '_>, default: Encoding) -> Result<Encoding> {
    match arguments.optional_text()? {
        None => Ok(default),
        Some(name) => Encoding::named(&name).ok_or_else(|| arguments.wrong(ENCODINGS, "another text")),
    }
}

fn to_binary<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>> {
    let value = arguments.next_value();
    if matches!(value, Value::Array(_) | Value::Collection(_)) {
        return Err(arguments.wrong("a text or bytes", value.described()));
    }
    if let Value::Binary(bytes) = value {
        return Ok(Value::Binary(bytes));
    }
    let text = arguments.text_of(value)?;
    let encoding = next_encoding(arguments, Encoding::Utf8)?;
    let bytes = encoding.decode(&text);
    bytes.map(Value::binary).ok_or_else(|| arguments.blame(0, "the text is not in the encoding that is named"))
}

fn to_string<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>> {
    let value = arguments.next_value();
    let encoding = next_encoding(arguments, Encoding::Utf8)?;
    match value {
        Value::Binary(bytes) if encoding != Encoding::Utf8 => Ok(Value::text(encoding.encode(&bytes))),
        other => arguments.text_of(other).map(Value::from),
    }
}

/// What `encodeURIComponent` encodes.
const COMPONENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'!').remove(b'~').remove(b'*').remove(b'\'').remove(b'(').remove(b')');

fn encode_url<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>> {
    let text = arguments.next_text()?;
    Ok(Value::text(utf8_percent_encode(&text, COMPONENT).to_string()))
}

fn decode_url<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>> {
    let text = arguments.next_text()?;
    let bytes = text.as_bytes();
    let is_escape = |at: usize| bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    if !memchr::memchr_iter(b'%', bytes).all(is_escape) {
        return Err(arguments.blame(0, "a % in the text is not followed by two hexadecimal digits"));
    }
    let decoded = percent_decode_str(&text).decode_utf8();
    let decoded = decoded.map_err(|_| arguments.blame(0, "the text does not decode to UTF-8"))?;
    Ok(Value::text(decoded.into_owned()))
}
