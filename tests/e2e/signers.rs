//! Signatures made by the providers' own libraries: accepted as they are, refused when one byte is another.

use hookwright_tests::client::Request;
use hookwright_tests::host::{Host, Installation};
use hookwright_tests::receiver::Receiver;
use hookwright_tests::samples;
use hookwright_tests::signers::{GITHUB, ReadySigner, SENDGRID, SLACK, STANDARD_WEBHOOKS, STRIPE, SVIX, Signer};
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
    /// The right one, and another.
    secrets: [String; 2],
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
    let secrets = ["It's a Secret to Everybody", "another"].map(str::to_owned);
    Provider { installation, receiver, signer, secrets, request, target }.check(|bundle| &bundle["payload"]);
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
    let (secrets, target) = ([samples::common("stripe", "signingSecret"), "another".to_owned()], "/stripe".to_owned());
    Provider { installation, receiver, signer, secrets, request, target }.check(|bundle| bundle);
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
    let (secrets, target) = ([samples::common("slack", "signingSecret"), "another".to_owned()], "/slack".to_owned());
    Provider { installation, receiver, signer, secrets, request, target }.check(|bundle| bundle);
}

#[test]
fn svixs_signatures_are_accepted_and_a_changed_byte_is_not() {
    standard_webhooks_are_accepted(&SVIX, |body, signature, seconds| message("svix", body, signature, seconds));
}

#[test]
fn the_signatures_of_standard_webhooks_are_accepted_and_a_changed_byte_is_not() {
    standard_webhooks_are_accepted(&STANDARD_WEBHOOKS, |body, signature, seconds| message("webhook", body, signature, seconds));
}

fn standard_webhooks_are_accepted(signer: &Signer, request: fn(&str, &str, i64) -> Request) {
    let Some(signer) = signer.ready() else { return };
    let installation = installation();
    samples::install(&installation, "standard-webhooks");
    let receiver = Receiver::start().unwrap();
    let secrets = ["whsec_c2VjcmV0IHRvIGV2ZXJ5Ym9keQ==", "whsec_YW5vdGhlcg=="].map(str::to_owned);
    let target = installation.hook("standard-webhooks", &[&format!("secret={}", secrets[0])], &receiver.url("/"));
    Provider { installation, receiver, signer, secrets, request, target }.check(|bundle| &bundle["payload"]);
}

/// A message whose signature has its id in front.
fn message(family: &str, body: &str, signature: &str, seconds: i64) -> Request {
    let (id, signature) = signature.split_once(' ').unwrap();
    let request = Request::json("", body).header(&format!("{family}-id"), id);
    request.header(&format!("{family}-timestamp"), seconds.to_string()).header(&format!("{family}-signature"), signature)
}

#[test]
fn what_sendgrids_library_accepts_is_accepted_and_a_changed_byte_is_not() {
    let Some(signer) = SENDGRID.ready() else { return };
    let installation = installation();
    samples::install(&installation, "sendgrid");
    let receiver = Receiver::start().unwrap();
    let target = installation.hook("sendgrid", &[&format!("publicKey={SENDGRID_PUBLIC_KEY}")], &receiver.url("/"));
    let request = |body: &str, signature: &str, seconds: i64| {
        let request = Request::json("", body).header("x-twilio-email-event-webhook-signature", signature);
        request.header("x-twilio-email-event-webhook-timestamp", seconds.to_string())
    };
    let secrets = [SENDGRID_PRIVATE_KEY, ANOTHER_PRIVATE_KEY].map(str::to_owned);
    Provider { installation, receiver, signer, secrets, request, target }.check(|bundle| &bundle["details"]);
}

/// Two keys on the curve P-256 that protect nothing.
const SENDGRID_PUBLIC_KEY: &str =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEThRFG3sVcLfAlvr7SjsFyDrECnNzHEgUUIu3CmSFv6BLoKsV2Nyq2wHkxJ0RzY9Oai+1Vr44LjA/dcsrmkFUCw==";
const SENDGRID_PRIVATE_KEY: &str = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg9IkRGZV3ZK8IqoV0\nmqgBNm9hGAjytMs0ynUidUJqjvuhRANCAAROFEUbexVwt8CW+vtKOwXIOsQKc3Mc\nSBRQi7cKZIW/oEugqxXY3KrbAeTEnRHNj05qL7VWvjguMD91yyuaQVQL\n-----END PRIVATE KEY-----";
const ANOTHER_PRIVATE_KEY: &str = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQggEQDBzzAb4z+7QEJ\nA+zILeEZSSYnZW2JBdH+QdJdSSehRANCAATjuYLjK+bqTC5Th4TNJlVZ9ngwut06\nSe5iSnod8cRRDRyKawjtp2eFMm/65s2QMGat6jNitcp10koksBmTcoGC\n-----END PRIVATE KEY-----";

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
        let signature = self.signer.sign(&self.secrets[0], body, seconds);
        assert_eq!(self.send(host, body, &signature, seconds), 200, "{body}");
    }

    fn refuses_what_differs(&self, host: &Host, body: &str) {
        let seconds = samples::now();
        let signature = self.signer.sign(&self.secrets[0], body, seconds);
        let changed = body.replacen("\":", "\": ", 1);
        assert_eq!(self.send(host, &changed, &signature, seconds), 401, "one byte more: {changed}");
        let digit = signature.chars().last().unwrap();
        let other = format!("{}{}", &signature[..signature.len() - 1], if digit == '0' { '1' } else { '0' });
        assert_eq!(self.send(host, body, &other, seconds), 401, "another digit: {other}");
        let with_another_secret = self.signer.sign(&self.secrets[1], body, seconds);
        assert_eq!(self.send(host, body, &with_another_secret, seconds), 401, "another secret");
    }
}
