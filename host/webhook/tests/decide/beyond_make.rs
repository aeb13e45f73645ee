//! What goes beyond Make.

use super::harness::check;

const SIGNED: &str = r#"{"condition": "{{headers.`x-signature` = sha256(rawBody, 'hex', common.secret)}}", "respond": {"status": "{{if(accepted, 200, 401)}}"}}"#;

#[test]
fn raw_bodies_and_addresses() {
    let awkward =
        "POST /a%20b?x=%41&y HTTP/1.1\nhost: hooks.test\ncontent-type: application/json\n\n{ \"n\": 1.0,\r\n \"s\": \"\\u00eb\\/\" }";
    check(&[
        (
            "rawBody is the exact bytes, as text in a text",
            r#"{"output": "-{{rawBody}}-"}"#,
            awkward,
            r#"default => h1="-{ \"n\": 1.0,\r\n \"s\": \"\\u00eb\\/\" }-""#,
        ),
        ("url has the query byte for byte", r#"{"output": "{{url}}"}"#, awkward, r#"default => h1="https://hooks.test/a%20b?x=%41&y""#),
        ("path and remoteAddress", r#"{"output": "{{path}} {{remoteAddress}}"}"#, awkward, r#"default => h1="/a%20b 192.0.2.7""#),
        (
            "method, now and environment",
            r#"{"output": ["{{method}}", "{{now}}", "{{environment.timezone}}"]}"#,
            awkward,
            r#"default => h1="POST" h1="2026-01-31T12:00:00.000Z" h1="UTC""#,
        ),
        ("common", r#"{"output": "{{common.secret}}"}"#, awkward, r#"default => h1="key""#),
    ]);
}

#[test]
fn a_bad_signature_is_answered_with_401_and_delivers_nothing() {
    // HMAC-SHA256 of the two bytes {} with the key "key".
    let signature = "a777724d943eb48dc69bca8a4a6d57a04db3f9ec7e1de4e581e860265bdf3032";
    let request = |signature: &str| format!("POST /a HTTP/1.1\ncontent-type: application/json\nx-signature: {signature}\n\n{{}}");
    check(&[
        ("right", SIGNED, &request(signature), "200 {} => h1={}"),
        ("one character off", SIGNED, &request(&signature.replace('5', "6")), "401 {} declined => nothing"),
        ("none", SIGNED, "{}", "401 {} declined => nothing"),
    ]);
}

#[test]
fn accepted_says_whether_condition_held() {
    let respond = r#""respond": {"type": "text", "body": "{{accepted}}"}"#;
    let text = |held: bool| format!("200 {{content-type=text/plain; charset=utf-8}} {held}");
    check(&[
        ("no condition", &format!("{{{respond}}}"), "0", &format!("{} => h1=0", text(true))),
        ("false", &format!(r#"{{"condition": false, {respond}}}"#), "0", &format!("{} declined => nothing", text(false))),
        (
            "for one recipient of two",
            &format!(r#"{{"uid": "T1", "condition": "{{{{data.n = 1}}}}", {respond}}}"#),
            "0",
            &format!("{} => T1:h1=0", text(true)),
        ),
        (
            "for no recipient",
            &format!(r#"{{"uid": "T1", "condition": "{{{{data.n = 9}}}}", {respond}}}"#),
            "0",
            &format!("{} declined => T1:none", text(false)),
        ),
        (
            "nobody there, condition without parameters",
            &format!(r#"{{"uid": "x", "condition": true, {respond}}}"#),
            "0",
            &format!("{} => x:unmatched", text(true)),
        ),
    ]);
}

#[test]
fn a_delivery_id_counts_only_once_condition_has_held() {
    check(&[
        ("held", r#"{"dedupe": "{{body.id}}", "output": 0}"#, r#"{"id": 5}"#, "default id 5 => h1=0"),
        (
            "from a header",
            r#"{"dedupe": "{{headers.`X-GitHub-Delivery`}}"}"#,
            "POST / HTTP/1.1\nx-github-delivery: abc\n\n",
            "default id abc => h1=null",
        ),
        ("not held", r#"{"condition": false, "dedupe": "{{body.id}}"}"#, r#"{"id": 5}"#, "default declined => nothing"),
        (
            "not held by any recipient",
            r#"{"uid": "T1", "condition": "{{data.n = 9}}", "dedupe": "{{body.id}}"}"#,
            r#"{"id": 5}"#,
            "default declined => T1:none",
        ),
        (
            "not a verification",
            r#"{"verification": {"condition": true}, "dedupe": "x{{body.id}}"}"#,
            r#"{"id": 5}"#,
            "default verification => nothing",
        ),
        ("nothing is no id", r#"{"dedupe": "{{body.id}}", "output": 0}"#, "{}", "default => h1=0"),
    ]);
}
