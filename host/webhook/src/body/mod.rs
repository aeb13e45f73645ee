//! A request's body, decoded by its content type: one decoder a file.

mod json;
mod multipart;
mod text;
mod xml;

use std::fmt;

use hookwright_iml::{Budget, Interrupt, Value, json::Document};

use crate::Form;

/// A body that is not what its content type says: the sender's mistake, answered with 400.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadBody {
    /// What is wrong, in one line, fit for the reply.
    pub reason: String,
    /// Set where nothing is wrong with the body: its decoder was ended.
    pub interrupt: Option<Interrupt>,
}

/// How many characters of a reason are said: it may quote what the sender wrote, which goes on for megabytes.
const MAXIMUM_REASON: usize = 200;

impl BadBody {
    pub(crate) fn new(reason: impl AsRef<str>) -> Self {
        let characters = reason.as_ref().chars().take(MAXIMUM_REASON);
        let reason = characters.map(|character| if breaks_a_line(character) { ' ' } else { character }).collect();
        Self { reason, interrupt: None }
    }
}

impl From<Interrupt> for BadBody {
    fn from(interrupt: Interrupt) -> Self {
        Self { interrupt: Some(interrupt), ..Self::new(interrupt.to_string()) }
    }
}

/// Whether a character could make one line of a log look like two, or like another: control characters, Unicode's own
/// line breaks, and what turns the direction of writing.
fn breaks_a_line(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl fmt::Display for BadBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for BadBody {}

/// A decoded body. It owns what is not in the request's bytes, so that [`Decoded::value`] can borrow.
pub struct Decoded<'b>(Content<'b>);

enum Content<'b> {
    Json(Document<'b>),
    Form(Form<'b>),
    Value(Value<'b>),
}

impl Decoded<'_> {
    /// The body as templates see it.
    pub fn value(&self) -> Value<'_> {
        match &self.0 {
            Content::Json(document) => Value::from_json(document.root()),
            Content::Form(form) => form.value(),
            Content::Value(value) => value.clone(),
        }
    }
}

/// Reads a body as its content type says, as far as `budget` allows.
///
/// | content type | value |
/// | --- | --- |
/// | `application/json`, `+json` | the JSON; null if the body is empty |
/// | `application/x-www-form-urlencoded` | a [`Form`] |
/// | `multipart/form-data` | a [`Form`], files as `{name, mime, data}` |
/// | `application/xml`, `text/xml`, `+xml` | Make's shape: every node an array of `{_attributes, _value, children...}` |
/// | `text/*` | text |
/// | anything else | bytes; null if there is neither content type nor body |
pub fn decode<'b>(content_type: Option<&str>, bytes: &'b [u8], budget: &dyn Budget) -> Result<Decoded<'b>, BadBody> {
    let media = MediaType::parse(content_type.unwrap_or_default());
    let content = match media.essence.as_str() {
        "" if bytes.is_empty() => Content::Value(Value::Null),
        "application/x-www-form-urlencoded" => Content::Form(Form::parse(bytes, budget)?),
        "multipart/form-data" => Content::Form(multipart::decode(content_type.unwrap_or_default(), bytes, budget)?),
        essence if is_json(essence) => json::decode(bytes, budget)?,
        essence if is_xml(essence) => Content::Value(xml::decode(&text::decode(media.charset(), bytes), budget)?),
        essence if essence.starts_with("text/") => Content::Value(Value::text(text::decode(media.charset(), bytes))),
        _ => Content::Value(Value::binary(bytes)),
    };
    budget.check_now()?;
    Ok(Decoded(content))
}

fn is_json(essence: &str) -> bool {
    matches!(essence, "application/json" | "text/json") || essence.ends_with("+json")
}

fn is_xml(essence: &str) -> bool {
    matches!(essence, "application/xml" | "text/xml") || essence.ends_with("+xml")
}

/// A content type, split; its essence in lower case and without parameters.
struct MediaType<'t> {
    essence: String,
    parameters: &'t str,
}

impl<'t> MediaType<'t> {
    fn parse(content_type: &'t str) -> Self {
        let (essence, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
        Self { essence: essence.trim().to_ascii_lowercase(), parameters }
    }

    fn charset(&self) -> Option<&'t str> {
        let parameters = self.parameters.split(';').filter_map(|parameter| parameter.split_once('='));
        let (_, value) = parameters.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
        Some(value.trim().trim_matches('"'))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use hookwright_iml::Unbounded;

    use super::*;

    fn decode<'b>(content_type: Option<&str>, bytes: &'b [u8]) -> Result<Decoded<'b>, BadBody> {
        super::decode(content_type, bytes, &Unbounded)
    }

    fn notation(content_type: &str, bytes: &[u8]) -> String {
        let decoded = decode(Some(content_type), bytes).unwrap();
        let mut out = Vec::new();
        decoded.value().write_notation(&mut out);
        String::from_utf8(out).unwrap()
    }

    fn reason(content_type: &str, bytes: &[u8]) -> String {
        decode(Some(content_type), bytes).err().unwrap().reason
    }

    #[test]
    fn the_content_type_chooses_the_decoder() {
        let table: &[(&str, &[u8], &str)] = &[
            ("application/json", b" {\"n\": 1.0, \"big\": 12345678901234567890} ", r#"{"n":1.0,"big":12345678901234567890}"#),
            ("application/json", b"\xef\xbb\xbf[1]", "[1]"),
            ("application/json", b"", "null"),
            ("application/json; charset=utf-8", b" \r\n", "null"),
            ("APPLICATION/CloudEvents+JSON; charset=utf-8", b"[1]", "[1]"),
            ("application/x-www-form-urlencoded", b"a=1&a=2", r#"{"a":["1","2"]}"#),
            ("application/x-www-form-urlencoded", b"", "{}"),
            ("text/plain", "h\u{e9}".as_bytes(), "\"h\u{e9}\""),
            ("text/plain; charset=ISO-8859-1", b"h\xe9", "\"h\u{e9}\""),
            ("text/csv; charset=\"windows-1252\"", b"\x80", "\"\u{20ac}\""),
            ("text/plain", b"h\xe9", "\"h\u{e9}\""),
            ("text/html", b"<p>", "\"<p>\""),
            ("application/octet-stream", b"ab", r#"{"$buffer":"YWI="}"#),
            ("image/png", b"", r#"{"$buffer":""}"#),
            ("", b"", "null"),
            ("", b"ab", r#"{"$buffer":"YWI="}"#),
        ];
        for (content_type, bytes, expected) in table {
            assert_eq!(notation(content_type, bytes), *expected, "{content_type} {bytes:?}");
        }
    }

    #[test]
    fn xml_takes_makes_shape() {
        let table = [
            ("<a/>", r#"{"a":[{}]}"#),
            ("<a>x</a>", r#"{"a":[{"_value":"x"}]}"#),
            (
                r#"<?xml version="1.0"?><a k="1&amp;2"><b>t &lt;&#33;</b><b><![CDATA[<u>]]></b> </a>"#,
                r#"{"a":[{"_attributes":{"k":"1&2"},"b":[{"_value":"t <!"},{"_value":"<u>"}]}]}"#,
            ),
            ("<n:a><!-- c -->1<n:b/>2</n:a>", r#"{"n:a":[{"_value":"12","n:b":[{}]}]}"#),
        ];
        for (xml, expected) in table {
            assert_eq!(notation("text/xml", xml.as_bytes()), expected, "{xml}");
        }
    }

    #[test]
    fn multipart_gives_fields_as_texts_and_files_as_collections() {
        let body = b"--B\r\nContent-Disposition: form-data; name=\"a[b]\"\r\n\r\n1\r\n\
            --B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\nContent-Type: text/plain\r\n\r\nhi\r\n--B--\r\n";
        let expected = r#"{"a":{"b":"1"},"f":{"name":"x.txt","mime":"text/plain","data":{"$buffer":"aGk="}}}"#;
        assert_eq!(notation("multipart/form-data; boundary=B", body), expected);
    }

    #[test]
    fn a_body_that_is_not_what_its_type_says_is_refused_in_one_line() {
        let table: &[(&str, &[u8])] = &[
            ("application/json", b"{\"a\": }"),
            ("application/json", b"\"\xff\""),
            ("application/json", b"{} {}"),
            ("text/xml", b"<a><b></a>"),
            ("text/xml", b"<a>"),
            ("text/xml", b"<a>&unknown;</a>"),
            ("text/xml", b"<a/><b/>"),
            ("text/xml", b""),
            ("multipart/form-data", b"--B--"),
            ("multipart/form-data; boundary=B", b"--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\ncut"),
        ];
        for (content_type, bytes) in table {
            let reason = reason(content_type, bytes);
            assert!(!reason.is_empty() && !reason.contains('\n'), "{reason:?}");
        }
    }

    #[test]
    fn what_a_sender_wrote_comes_back_short_and_in_one_line() {
        let long = format!("<a>&{};</a>", "\u{e9}".repeat(1000));
        let table = [
            ("text/xml", "<a>&un\r\nknown\u{1b}[31m;</a>"),
            ("text/xml", long.as_str()),
            ("text/xml", "<a>&\u{2028}\u{202e};</a>"),
            ("text/xml", "<a\rb>"),
        ];
        for (content_type, body) in table {
            let reason = reason(content_type, body.as_bytes());
            assert!(reason.chars().count() <= 200, "{reason:?}");
            assert!(!reason.contains(|character: char| character.is_control() || "\u{2028}\u{202e}".contains(character)), "{reason:?}");
        }
    }

    #[test]
    fn a_body_too_deep_is_refused_and_not_recursed_into() {
        let json = "[".repeat(100_000);
        assert!(reason("application/json", json.as_bytes()).contains("JSON"));
        let xml = "<a>".repeat(100_000);
        assert!(reason("text/xml", xml.as_bytes()).contains("deep"));
    }

    #[test]
    fn a_body_of_very_many_very_small_parts_is_refused() {
        let form = "a&".repeat(20_000);
        assert!(reason("application/x-www-form-urlencoded", form.as_bytes()).contains("fields"));
        let xml = format!("<a>{}</a>", "<b/>".repeat(200_000));
        assert!(reason("text/xml", xml.as_bytes()).contains("elements"));

        let attributes: String = (0..20_000).map(|number| format!(" a{number}=''")).collect();
        assert!(reason("text/xml", format!("<a{attributes}/>").as_bytes()).contains("attributes"));
        let few: String = (0..500).map(|number| format!(" a{number}=''")).collect();
        let xml = format!("<a>{}</a>", format!("<b{few}/>").repeat(300));
        assert!(reason("text/xml", xml.as_bytes()).contains("elements"));
        let names: String = (0..20_000).map(|number| format!("<b{number}/>")).collect();
        assert!(reason("text/xml", format!("<a>{names}</a>").as_bytes()).contains("names"));
    }

    #[test]
    fn an_object_of_very_many_members_is_refused_wherever_it_stands() {
        let members = |count: usize| (0..count).map(|number| format!("\"{number}\":[]")).collect::<Vec<_>>().join(",");
        let most = format!("{{\"a\":[{{{}}}]}}", members(10_000));
        assert!(decode(Some("application/json"), most.as_bytes()).is_ok());
        let more = format!("{{\"a\":[{{{}}}]}}", members(10_001));
        assert_eq!(reason("application/json", more.as_bytes()), "an object of the body has more than 10000 members");
        let spread = format!("[{{{}}},{{{}}}]", members(8_000), members(8_000));
        assert!(decode(Some("application/json"), spread.as_bytes()).is_ok());
    }
}
