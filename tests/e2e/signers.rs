//! Signatures made by the providers' own libraries: accepted as they are, refused when one byte is another.

use hookwright_tests::client::Request;
use hookwright_tests::host::{Host, Installation};
use hookwright_tests::receiver::Receiver;
use hookwright_tests::samples;
use hookwright_tests::signers::{GITHUB, ReadySigner, SLACK, STRIPE};
use serde_json::Value;

use super::installation;

/// What does not survive being parsed and written again: white space, escapes, number forms, large integers, repeated keys.
const AWKWARD: [&str; 4] = [
    "{ \"a\" : 1.0,\n\t\"b\": 1e3, \"big\": 12345678901234567890123 }\n",
    r#"{"caf\u00e9":"\ud83d\ude00 \/ é 😀","10":1,"9":2}"#,
    r#"{"twice":1,"twice":2,"nested":[[{"deep":null}]]}"#,
    "{\"line\":\"\\r\\n\",\"quote\":\"'\\\"`{{body}}\"}",
];

struct Provider<'s> {
    installation: Installation,
    receiver: Receiver,
    signer: ReadySigner<'s>,
    secret: String,
    /// A request with this body and this signature, made at this time.
    request: fn(&str, &str, i64) -> Request,
    target: String,
}

#[test]
fn octokits_signatures_are_accepted_and_a_changed_byte_is_not() {
    let Some(signer) = GITHUB.ready() else { return };
    let installation = installation();
    samples::install(&installation, "github");
    let receiver = Receiver::start().unwrap();
    let target = installation.hook("github", &["secret=It's a Secret to Everybody"], &receiver.url("/"));
    let request = |body: &str, signature: &str, _| {
        Request::json("", body).header("x-github-event", "issues").header("x-hub-signature-256", signature)
    };
    let secret = "It's a Secret to Everybody".to_owned();
    Provider { installation, receiver, signer, secret, request, target }.check(|bundle| &bundle["payload"]);
}

#[test]
fn stripes_signatures_are_accepted_and_a_changed_byte_is_not() {
    let Some(signer) = STRIPE.ready() else { return };
    let installation = installation();
    samples::install(&installation, "stripe");
    installation.spec("stripe", &passing_everything_on("stripe"));
    let receiver = Receiver::start().unwrap();
    installation.connect("stripe", "acct_1EXAMPLEplatform", &receiver.url("/"));
    let request = |body: &str, signature: &str, _| Request::json("", body).header("stripe-signature", signature);
    let (secret, target) = (samples::common("stripe", "signingSecret"), "/stripe".to_owned());
    Provider { installation, receiver, signer, secret, request, target }.check(|bundle| bundle);
}

#[test]
fn slack_sdks_signatures_are_accepted_and_a_changed_byte_is_not() {
    let Some(signer) = SLACK.ready() else { return };
    let installation = installation();
    samples::install(&installation, "slack");
    // The bodies here name no workspace.
    let spec = passing_everything_on("slack").replacen('{', "{ \"uid\": \"T1\",", 1);
    installation.spec("slack", &spec);
    let receiver = Receiver::start().unwrap();
    installation.connect("slack", "T1", &receiver.url("/"));
    let request = |body: &str, signature: &str, seconds: i64| {
        Request::json("", body).header("x-slack-signature", signature).header("x-slack-request-timestamp", seconds.to_string())
    };
    let (secret, target) = (samples::common("slack", "signingSecret"), "/slack".to_owned());
    Provider { installation, receiver, signer, secret, request, target }.check(|bundle| bundle);
}

/// The example's spec, condition and all, but with the body as its bundle.
fn passing_everything_on(service: &str) -> String {
    let path = samples::root().join("spec-examples").join(service).join("webhook.json");
    let text = std::fs::read_to_string(path).unwrap();
    let start = text.find("    \"output\": {").unwrap();
    let end = start + text[start..].find("\n    },\n").unwrap() + "\n    },\n".len();
    let without_comments: Vec<_> =
        [&text[..start], &text[end..]].concat().lines().map(str::to_owned).filter(|line| !line.trim_start().starts_with("//")).collect();
    without_comments.join("\n")
}

impl Provider<'_> {
    fn check(self, payload: impl Fn(&Value) -> &Value) {
        let host = self.installation.serve();
        for (count, body) in AWKWARD.iter().enumerate() {
            self.accepts(&host, body);
            let bundles = self.receiver.wait_for("/", count + 1);
            let expected: Value = serde_json::from_str(body).unwrap();
            assert_eq!(payload(bundles.last().unwrap()), &expected);
            self.refuses_what_differs(&host, body);
        }
        host.stop();
        assert_eq!(self.receiver.deliveries().len(), AWKWARD.len(), "nothing that was refused is delivered");
    }

    fn send(&self, host: &Host, body: &str, signature: &str, seconds: i64) -> u16 {
        let request = (self.request)(body, signature, seconds);
        host.send(&Request { target: self.target.clone(), ..request }).status
    }

    fn accepts(&self, host: &Host, body: &str) {
        let seconds = samples::now();
        let signature = self.signer.sign(&self.secret, body, seconds);
        assert_eq!(self.send(host, body, &signature, seconds), 200, "{body}");
    }

    fn refuses_what_differs(&self, host: &Host, body: &str) {
        let seconds = samples::now();
        let signature = self.signer.sign(&self.secret, body, seconds);
        let changed = body.replacen("\":", "\": ", 1);
        assert_eq!(self.send(host, &changed, &signature, seconds), 401, "one byte more: {changed}");
        let digit = signature.chars().last().unwrap();
        let other = format!("{}{}", &signature[..signature.len() - 1], if digit == '0' { '1' } else { '0' });
        assert_eq!(self.send(host, body, &other, seconds), 401, "another digit: {other}");
        let with_another_secret = self.signer.sign("another", body, seconds);
        assert_eq!(self.send(host, body, &with_another_secret, seconds), 401, "another secret");
    }
}
