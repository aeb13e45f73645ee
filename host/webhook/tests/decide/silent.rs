//! What Make never says, and what we do.

use super::harness::check;

const JSON: &str = "content-type=application/json";
const TEXT: &str = "content-type=text/plain; charset=utf-8";

#[test]
fn replies() {
    let text = format!("200 {{{TEXT}}}");
    check(&[
        ("no respond", "{}", "1", "default => h1=1"),
        ("respond without body", r#"{"respond": {}}"#, "1", "200 {} => h1=1"),
        ("and with a status", r#"{"respond": {"status": 204}}"#, "1", "204 {} => h1=1"),
        (
            "json is the default type",
            r#"{"respond": {"body": {"a": "{{body}}", "b": null}}}"#,
            "1",
            &format!("200 {{{JSON}}} {{\"a\":1,\"b\":null}} => h1=1"),
        ),
        ("a text is a JSON text there", r#"{"respond": {"body": "{{body}}"}}"#, "\"x\"", &format!("200 {{{JSON}}} \"x\" => h1=\"x\"")),
        ("text", r#"{"respond": {"type": "text", "body": "{{body}}"}}"#, "\"x\"", &format!("{text} x => h1=\"x\"")),
        ("a number as text", r#"{"respond": {"type": "text", "body": 5}}"#, "1", &format!("{text} 5 => h1=1")),
        ("a collection as text is JSON", r#"{"respond": {"type": "text", "body": {"a": 1}}}"#, "1", &format!("{text} {{\"a\":1}} => h1=1")),
        (
            "urlencoded",
            r#"{"respond": {"type": "urlencoded", "body": {"a b": "c&d", "l": [1, null, 2], "o": {"p": "é"}, "n": null}}}"#,
            "1",
            "200 {content-type=application/x-www-form-urlencoded} a+b=c%26d&l=1&l=2&o%5Bp%5D=%C3%A9 => h1=1",
        ),
        (
            "type may be computed",
            r#"{"respond": {"type": "{{if(true, 'text', 'json')}}", "body": "x"}}"#,
            "1",
            &format!("{text} x => h1=1"),
        ),
        (
            "a computed type must be one",
            r#"{"respond": {"type": "{{'xml'}}", "body": "x"}}"#,
            "1",
            "500 `type` must be one of `json`, `urlencoded`, `text`, and this text is not",
        ),
        (
            "nor is it said what it is",
            r#"{"respond": {"type": "{{common}}", "body": "x"}}"#,
            "1",
            "500 `type` must be one of `json`, `urlencoded`, `text`, and this collection is not",
        ),
        ("status as number text", r#"{"respond": {"status": "201"}}"#, "1", "201 {} => h1=1"),
        ("status as an expression", r#"{"respond": {"status": "{{200 + 55}}"}}"#, "1", "255 {} => h1=1"),
        ("status of nothing", r#"{"respond": {"status": "{{body.no}}"}}"#, "1", "200 {} => h1=1"),
        (
            "a status out of range",
            r#"{"respond": {"status": "{{99}}"}}"#,
            "1",
            "500 `status` must be a whole number from 100 to 999, and this number is not",
        ),
        (
            "a status that is none",
            r#"{"respond": {"status": "{{common.secret}}"}}"#,
            "1",
            "500 `status` must be a whole number from 100 to 999, and this text is not",
        ),
        (
            "headers of every form",
            r#"{"respond": {"headers": {"X-A": "{{body}}", "x-b": true, "x-c": [1, "2"], "x-d": null, "x-e": "{{body.no}}"}}}"#,
            "1",
            "200 {X-A=1,x-b=true,x-c=1,x-c=2} => h1=1",
        ),
        (
            "a header wins over the type",
            r#"{"respond": {"type": "text", "headers": {"Content-Type": "text/xml"}, "body": "<a/>"}}"#,
            "1",
            "200 {Content-Type=text/xml} <a/> => h1=1",
        ),
        (
            "a header with a line break",
            r#"{"respond": {"headers": {"x-a": "{{newline}}x"}}}"#,
            "1",
            "500 the value of the header 'x-a' holds a control character",
        ),
        (
            "a header that frames the message is left out",
            r#"{"respond": {"headers": {"Content-Length": "{{9}}"}, "body": 1}}"#,
            "1",
            &format!("200 {{{JSON}}} 1 => h1=1"),
        ),
        ("a body of nothing is no body", r#"{"respond": {"body": "{{body.no}}"}}"#, "1", "200 {} => h1=1"),
        ("null is a JSON body", r#"{"respond": {"body": null}}"#, "1", &format!("200 {{{JSON}}} null => h1=1")),
        (
            "respond sees no item of an iteration",
            r#"{"iterate": "body", "respond": {"type": "text", "body": "-{{item}}-"}}"#,
            "[1]",
            &format!("{text} -- => h1=1"),
        ),
    ]);
}

#[test]
fn verification() {
    check(&[
        ("without condition every request is one", r#"{"verification": {}}"#, "1", "default verification => nothing"),
        ("without respond: the default reply", r#"{"verification": {"condition": true}}"#, "1", "default verification => nothing"),
        ("false: the request goes its way", r#"{"verification": {"condition": "{{body.challenge}}"}}"#, "{}", "default => h1={}"),
        (
            "truthiness",
            r#"{"verification": {"condition": "{{body.challenge}}", "respond": {"body": {"challenge": "{{body.challenge}}"}}}}"#,
            r#"{"challenge": "abc"}"#,
            r#"200 {content-type=application/json} {"challenge":"abc"} verification => nothing"#,
        ),
        (
            "it comes before condition",
            r#"{"verification": {"condition": true}, "condition": "{{1 / 0}}"}"#,
            "1",
            "default verification => nothing",
        ),
        (
            "names with dots in backticks",
            r#"{"verification": {"condition": "{{method = 'GET' && query.`hub.mode` = 'subscribe'}}", "respond": {"type": "text", "body": "{{query.`hub.challenge`}}"}}}"#,
            "GET /a?hub.mode=subscribe&hub.challenge=42 HTTP/1.1\n\n",
            "200 {content-type=text/plain; charset=utf-8} 42 verification => nothing",
        ),
        (
            "a secret echoed in a header",
            r#"{"verification": {"condition": "{{headers.`X-Hook-Secret`}}", "respond": {"status": 204, "headers": {"X-Hook-Secret": "{{headers.`x-hook-secret`}}"}}}}"#,
            "POST /a HTTP/1.1\nX-HOOK-SECRET: q\n\n",
            "204 {X-Hook-Secret=q} verification => nothing",
        ),
        (
            "HEAD and OPTIONS reach the spec",
            r#"{"verification": {"condition": "{{method = 'OPTIONS'}}", "respond": {"headers": {"WebHook-Allowed-Origin": "*"}}}}"#,
            "OPTIONS /a HTTP/1.1\n\n",
            "200 {WebHook-Allowed-Origin=*} verification => nothing",
        ),
    ]);
}

#[test]
fn conditions() {
    let rows = [
        ("false", "declined => nothing"),
        ("null", "declined => nothing"),
        ("0", "declined => nothing"),
        ("\"\"", "declined => nothing"),
        ("\"false\"", "=> h1=\"false\""),
        ("\"0\"", "=> h1=\"0\""),
        ("[]", "=> none"),
        ("{}", "=> h1={}"),
        ("1", "=> h1=1"),
    ];
    for (body, expected) in rows {
        check(&[("truthiness", r#"{"condition": "{{body}}"}"#, body, &format!("default {expected}"))]);
    }
    check(&[
        ("missing is false", r#"{"condition": "{{body.no}}"}"#, "{}", "default declined => nothing"),
        (
            "default is the one bundle when false",
            r#"{"condition": {"condition": "{{body.ok}}", "default": {"skipped": "{{body.id}}"}}}"#,
            r#"{"id": 3}"#,
            r#"default declined => h1={"skipped":3}"#,
        ),
        (
            "and is not used when true",
            r#"{"condition": {"condition": "{{body.ok}}", "default": 0}, "output": 1}"#,
            r#"{"ok": 1}"#,
            "default => h1=1",
        ),
        (
            "without iteration",
            r#"{"condition": {"condition": false, "default": "none"}, "iterate": "{{1 / 0}}"}"#,
            "[1, 2]",
            "default declined => h1=\"none\"",
        ),
        (
            "for each recipient where it reads parameters",
            r#"{"uid": "T1", "condition": {"condition": "{{parameters.n = 1}}", "default": "no"}}"#,
            "0",
            "default => T1:h1=0 T1:h2=\"no\"",
        ),
        ("an object without condition holds", r#"{"condition": {"default": 1}}"#, "0", "default => h1=0"),
    ]);
}

#[test]
fn items_and_bundles() {
    check(&[
        ("iterate: a bare path", r#"{"iterate": "body.l"}"#, r#"{"l": [1]}"#, "default => h1=1"),
        ("missing: no items", r#"{"iterate": "body.l"}"#, "{}", "default => nothing"),
        ("null: no items", r#"{"iterate": "{{body.l}}"}"#, r#"{"l": null}"#, "default => nothing"),
        ("a lone object: one item", r#"{"iterate": "{{body.l}}"}"#, r#"{"l": {"a": 1}}"#, r#"default => h1={"a":1}"#),
        (
            "other scalars: an error of that event",
            r#"{"iterate": "{{body.l}}"}"#,
            r#"{"l": 5}"#,
            "default failed in line 1: `iterate` must give an array, and gave number => nothing",
        ),
        ("headers are left out in any case", r#"{"output": "{{omit(headers; 'HOST'; 'Content-type')}}"}"#, "1", "default => h1={}"),
        ("what it is called", r#"{"output": "{{executionId}}"}"#, "1", r#"default => h1="event-1""#),
        ("item without iterate is the body", r#"{"output": "{{item.a}}"}"#, r#"{"a": 1}"#, "default => h1=1"),
        ("output missing: the item", r#"{"iterate": "body"}"#, "[[1, 2]]", "default => h1=[1,2]"),
        (
            "output an array without iterate: one bundle an element",
            r#"{"output": "{{body.l}}"}"#,
            r#"{"l": [1, {"a": 2}]}"#,
            r#"default => h1=1 h1={"a":2}"#,
        ),
        ("so the body, if it is one", "{}", "[1, 2]", "default => h1=1 h1=2"),
        ("an output of nothing is null", r#"{"output": "{{body.no}}"}"#, "{}", "default => h1=null"),
        (
            "undefined members are dropped, null stays",
            r#"{"output": {"a": "{{body.no}}", "b": "{{null}}"}}"#,
            "{}",
            r#"default => h1={"b":null}"#,
        ),
        ("the spread key", r#"{"output": {"{{...}}": "{{body}}", "x": 1}}"#, r#"{"a": 2}"#, r#"default => h1={"a":2,"x":1}"#),
        (
            "numbers keep their digits, keys their order",
            "{}",
            r#"{"b": 1.00, "a": 12345678901234567890, "10": 1e3, "2": 0}"#,
            r#"default => h1={"b":1.00,"a":12345678901234567890,"10":1e3,"2":0}"#,
        ),
    ]);
}

#[test]
fn requests() {
    let form = "POST /a HTTP/1.1\ncontent-type: application/x-www-form-urlencoded\n\n";
    let get = "GET /a?x=1&x=2&d[e]=3 HTTP/1.1\nAccept: a\nX-A: 1\naccept: b\n\n";
    check(&[
        ("a malformed body", "{}", "{", "400 the body is not JSON: a key in double quotes is missing here, but the text ends at byte 1"),
        ("an empty JSON body is null", "{}", "", "default => h1=null"),
        (
            "nested forms",
            r#"{"output": "{{body.data.merges.FNAME}} {{body.`data[merges][FNAME]`}}"}"#,
            &format!("{form}data[merges][FNAME]=Ada"),
            r#"default => h1="Ada Ada""#,
        ),
        (
            "JSON in a form",
            r#"{"output": "{{parseJSON(body.payload).a}}"}"#,
            &format!("{form}payload=%7B%22a%22%3A1%7D"),
            "default => h1=1",
        ),
        ("the query, nested and repeated", r#"{"output": "{{query}}"}"#, get, r#"default => h1={"x":["1","2"],"d":{"e":"3"}}"#),
        ("headers, in lower case and joined", r#"{"output": "{{headers}}"}"#, get, r#"default => h1={"accept":"a, b","x-a":"1"}"#),
    ]);
}
