//! JSON's escapes: decoding them, writing them, and finding a decoded byte in the source again.

use super::scan::plain_prefix;

/// The characters of the inside of a JSON text that has been read without error.
/// Half a surrogate pair becomes U+FFFD.
pub(super) fn decode(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let (character, length) = escaped_character(&rest[at..]);
        out.push(character);
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    out
}

/// Whether `raw` decodes to `text`; looks no further than the first difference.
pub(super) fn decodes_to(raw: &str, text: &str) -> bool {
    let (mut raw, mut text) = (raw, text);
    while let Some(at) = memchr::memchr(b'\\', raw.as_bytes()) {
        let (character, length) = escaped_character(&raw[at..]);
        let Some(behind) = text.strip_prefix(&raw[..at]).and_then(|text| text.strip_prefix(character)) else {
            return false;
        };
        (raw, text) = (&raw[at + length..], behind);
    }
    raw == text
}

/// The offset in `raw` of the character that stands at `offset` once decoded.
pub(super) fn encoded_offset(raw: &str, offset: usize) -> usize {
    let (mut source, mut decoded) = (0, 0);
    while decoded < offset && source < raw.len() {
        let rest = &raw[source..];
        let next = memchr::memchr(b'\\', rest.as_bytes()).unwrap_or(rest.len());
        let plain = next.min(offset - decoded);
        source += plain;
        decoded += plain;
        if plain == next && decoded < offset && source < raw.len() {
            let (character, length) = escaped_character(&raw[source..]);
            source += length;
            decoded += character.len_utf8();
        }
    }
    source
}

/// The character that an escape stands for, and how many bytes the escape is long. `text` begins with a backslash.
fn escaped_character(text: &str) -> (char, usize) {
    let character = match text.as_bytes().get(1) {
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode_escape(text),
        Some(&other) => other as char,
        None => return ('\\', 1),
    };
    (character, 2)
}

fn unicode_escape(text: &str) -> (char, usize) {
    let Some(first) = hex4(text, 2) else {
        return (char::REPLACEMENT_CHARACTER, 2);
    };
    if let Some(character) = char::from_u32(first) {
        return (character, 6);
    }
    if first < 0xDC00
        && text.as_bytes().get(6..8) == Some(b"\\u")
        && let Some(second @ 0xDC00..=0xDFFF) = hex4(text, 8)
    {
        let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
    }
    (char::REPLACEMENT_CHARACTER, 6)
}

fn hex4(text: &str, at: usize) -> Option<u32> {
    u32::from_str_radix(text.get(at..at + 4)?, 16).ok()
}

/// Writes `text` as a JSON text with its quotes, escaping what JSON requires and nothing else, as
/// JavaScript's `JSON.stringify` does.
pub fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (plain, special) = rest.split_at(plain_prefix(rest));
        out.extend_from_slice(plain);
        let Some((&byte, behind)) = special.split_first() else {
            break;
        };
        write_escape(byte, out);
        rest = behind;
    }
    out.push(b'"');
}

fn write_escape(byte: u8, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        0x8 => b'b',
        0xC => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}
