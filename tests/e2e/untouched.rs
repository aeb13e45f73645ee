//! What a spec only passes through arrives as it was sent, to the last digit.

use hookwright_tests::client::Request;
use hookwright_tests::packages::Package;
use hookwright_tests::receiver::Receiver;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::installation;

/// Everything that reading and writing JSON again is apt to change: forms of numbers, integers beyond 2^53, long decimals,
/// escapes, the order of keys, keys that look like numbers, empty containers, depth. No body is an array: that would be
/// a bundle for each element.
const AWKWARD: &[&str] = &[
    r#"{"a":1.0,"b":1e3,"c":1E+3,"d":-0,"e":-0.0,"f":0.10,"g":1.7976931348623157e308,"h":5e-324}"#,
    r#"{"integer":9007199254740993,"longer":12345678901234567890123456789012345678901234567890}"#,
    r#"{"decimal":0.1234567890123456789012345678901234567890,"tiny":1e-400,"huge":1e400}"#,
    r#"{"z":1,"a":2,"10":3,"9":4,"":5,"__proto__":6,"é":7}"#,
    r#"{"escapes":"caf\u00e9 \/ \b\f\n\r\t \" \\ \ud83d\ude00","raw":"café / 😀 \u007f","half":"\ud83d"}"#,
    r#"{"caf\u00e9":1,"caf\u0065":2}"#,
    r#"{"braces":"{{body.a}} }} {{","moustache {{x}}":null}"#,
    r#"{"empty":[{},[],"",null,false,0],"nested":[[[[[[[[{"deep":[1.50]}]]]]]]]]}"#,
    r#"{"list":[1,"two",[3.0],{"four":4e0}]}"#,
    r#""only a text""#,
    "1.10",
    "null",
];

/// The payloads of GitHub's own collection.
const EXAMPLES: Package = Package::npm("@octokit/webhooks-examples", "7.6.1");

#[derive(Deserialize)]
struct Event {
    examples: Vec<Box<RawValue>>,
}

#[test]
fn awkward_bodies_arrive_as_they_were_sent() {
    let with_blanks: Vec<String> = AWKWARD.iter().map(|body| format!(" \t{}\r\n", body.replace(':', " : "))).collect();
    arrive_untouched(&[AWKWARD.iter().map(|body| (*body).to_owned()).collect(), with_blanks].concat());
}

#[test]
fn all_of_githubs_payloads_arrive_as_they_were_sent() {
    let Some(directory) = EXAMPLES.ready() else { return };
    let path = directory.join("node_modules/@octokit/webhooks-examples/api.github.com/index.json");
    let events: Vec<Event> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let payloads: Vec<String> = events.iter().flat_map(|event| &event.examples).map(|payload| payload.get().to_owned()).collect();
    assert_eq!(payloads.len(), 329);
    arrive_untouched(&payloads);
}

/// Sends each body through a spec that passes it on, and compares what is delivered.
fn arrive_untouched(bodies: &[String]) {
    let installation = installation();
    installation.spec("plain", r#"{ "output": "{{body}}" }"#);
    let receiver = Receiver::start().unwrap();
    let target = installation.hook("plain", &[], &receiver.url("/"));
    let host = installation.serve();
    for body in bodies {
        assert_eq!(host.send(&Request::json(&target, body)).status, 200, "{body}");
    }
    receiver.wait_for("/", bodies.len());
    host.stop();
    let mut delivered: Vec<String> = receiver.deliveries().into_iter().map(|delivery| String::from_utf8(delivery.body).unwrap()).collect();
    let mut sent: Vec<String> = bodies.iter().map(|body| compact(body)).collect();
    delivered.sort_unstable();
    sent.sort_unstable();
    assert_eq!(delivered.len(), sent.len());
    for (delivered, sent) in delivered.iter().zip(&sent) {
        assert_eq!(delivered, sent);
    }
}

/// JSON without the white space between its tokens.
fn compact(json: &str) -> String {
    let (mut inside, mut escaped) = (false, false);
    let mut kept = |character: &char| {
        let keep = inside || !character.is_ascii_whitespace();
        if *character == '"' && !escaped {
            inside = !inside;
        }
        escaped = inside && *character == '\\' && !escaped;
        keep
    };
    json.chars().filter(|character| kept(character)).collect()
}
