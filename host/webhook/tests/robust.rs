//! Damaged input: whatever is wrong with a spec, a body or a sample is said, and never a panic.
#![allow(clippy::unwrap_used, missing_docs)]

use hookwright_iml::Unbounded;
use hookwright_webhook::{LoadOptions, Source, Webhook, body, sample};

const SPEC: &str = r#"{
    // é: a comment
    "verification": { "condition": "{{body.type = 'ping'}}", "respond": { "status": 200, "type": "text", "body": "{{body.c}}" } },
    "condition": { "condition": "{{headers.`x-sig` = sha256(rawBody, 'hex', common.k)}}", "default": [1, null] },
    "iterate": { "container": "body.items[]", "condition": "{{!item.no}}" },
    "uid": "{{item.id}}",
    "output": { "{{...}}": "{{omit(item, 'a')}}", "t": "\u00e9\t{{first(item.l).x}} é", "n": 1.50e2 },
    "respond": { "headers": { "x-a": ["{{1 + 2}}", true] }, "body": { "ok": "{{accepted}}" } },
    "dedupe": "{{body.id}}",
}"#;

/// A small generator (Knuth's MMIX constants), so that a failure comes back the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }

    /// The bytes with a few of them replaced, left out, repeated or cut off.
    fn damage(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut damaged = bytes.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(damaged.len());
            match self.below(5) {
                _ if damaged.is_empty() => {}
                0 => damaged.truncate(at),
                1 => drop(damaged.remove(at)),
                2 => damaged[at] = b"{}[]\"'`:,\\/*()=.\0\xff\xc3\n"[self.below(20)],
                3 => damaged.insert(at, b"{}[]\"'`:,\\/*()=.\0\xff\xc3\n"[self.below(20)]),
                _ => damaged.extend_from_within(at..(at + self.below(20)).min(bytes.len().min(damaged.len())).max(at)),
            }
        }
        damaged
    }
}

#[test]
fn a_damaged_spec_is_refused_with_a_place_or_loads() {
    assert!(Webhook::load(&Source::new("whole", SPEC), LoadOptions::default()).is_ok());
    let mut dice = Dice(1);
    for _ in 0..3000 {
        let text = String::from_utf8_lossy(&dice.damage(SPEC.as_bytes())).into_owned();
        let source = Source::new("webhook.json", text);
        let diagnostics = match Webhook::load(&source, LoadOptions::default()) {
            Ok((_, warnings)) => warnings,
            Err(mistakes) => {
                assert!(mistakes.iter().any(|mistake| mistake.is_error()), "{}", source.text);
                mistakes
            }
        };
        for diagnostic in diagnostics {
            assert!(diagnostic.line >= 1 && diagnostic.column >= 1);
            assert!(!diagnostic.render(&source.text, true).is_empty());
        }
    }
}

#[test]
fn a_damaged_body_is_refused_in_one_line_or_decoded() {
    let bodies: [(&str, &[u8]); 4] = [
        ("application/json", br#"{"a": [1, 2.5e3, "\u00e9\ud83d\ude00", null, {"b": true}]}"#),
        ("application/x-www-form-urlencoded", b"a=1&b[c][]=%41+x&b[c][]=2&d[0][e]=3&=&&f"),
        ("text/xml; charset=utf-8", b"<?xml version='1.0'?><a b='1&amp;'><c>x<![CDATA[y]]>&#33;</c><!-- z --></a>"),
        (
            "multipart/form-data; boundary=B",
            b"--B\r\nContent-Disposition: form-data; name=\"a\"; filename=\"f\"\r\nContent-Type: text/plain\r\n\r\nx\r\n--B--\r\n",
        ),
    ];
    let mut dice = Dice(2);
    for (content_type, whole) in bodies {
        assert!(body::decode(Some(content_type), whole, &Unbounded).is_ok(), "{content_type}");
        for _ in 0..2000 {
            match body::decode(Some(content_type), &dice.damage(whole), &Unbounded) {
                Ok(decoded) => decoded.value().write_json(&mut Vec::new()),
                Err(refused) => assert!(!refused.reason.is_empty() && !refused.reason.contains('\n'), "{refused}"),
            }
        }
    }
}

#[test]
fn a_damaged_sample_is_refused_or_read() {
    let whole = b"# now: 2026-01-31T12:00:00Z\nPOST /a?b=c HTTP/1.1\nhost: h\ncontent-length: 2\n\n{}\n";
    let mut dice = Dice(3);
    for _ in 0..2000 {
        if let Ok(request) = sample::Request::parse(&dice.damage(whole)) {
            assert!(request.url().contains("://"));
            assert!(sample::Request::parse(&request.print()).is_ok(), "{request:?}");
        }
    }
}
