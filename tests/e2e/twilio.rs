//! Twilio's requests, signed by its own libraries: what they sign, in every form that it comes in.

use hookwright_tests::client::Request;
use hookwright_tests::host::Host;
use hookwright_tests::receiver::Receiver;
use hookwright_tests::samples;
use hookwright_tests::signers::{TWILIO, TWILIO_WITH_RULES};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::installation;

/// The first of those in the example's common.json, and its token.
const ACCOUNT: &str = "AC0EXAMPLE00000000000000000000001";
const TOKEN: &str = "EXAMPLE-twilio-auth-token";

/// Where Twilio believes us to be.
const BASE: &str = "https://hooks.example.com";

/// What does not survive being parsed and written again, or is easily sorted otherwise.
const FORMS: [&str; 5] = [
    "Body=hello+there%21&Empty=&From=%2B15551",
    "b=2&B=1&a_=3&a=4&A=5&_=6&%C3%A9=%F0%9F%98%80&a%5Bb%5D=7",
    "Tag=vip&Tag=beta&Tag=vip&Tag=&tag=x",
    "Body=100%25+%26+more%3D%2F%7E%27%22%0D%0A+",
    "Body={\"a\":[1]}&Note=caf%c3%a9",
];

/// A host with the example's service, and who receives.
fn serving(with: impl FnOnce(&Host, &Receiver)) {
    let installation = installation();
    samples::install(&installation, "twilio");
    let receiver = Receiver::start().unwrap();
    installation.connect("twilio", ACCOUNT, &receiver.url("/"));
    let host = installation.serve_with(&["--public-url", BASE]);
    with(&host, &receiver);
    host.stop();
}

fn form(target: &str, body: &str, signature: &str) -> Request {
    let request = Request::new("POST", target).header("content-type", "application/x-www-form-urlencoded").body(body);
    request.header("x-twilio-signature", signature)
}

#[test]
fn twilios_signatures_of_forms_are_accepted_and_a_changed_byte_is_not() {
    let Some(signer) = TWILIO.ready() else { return };
    serving(|host, receiver| {
        for (count, rest) in FORMS.iter().enumerate() {
            let (target, body) = (format!("/twilio?n={count}&it's=%7e"), format!("AccountSid={ACCOUNT}&{rest}"));
            let sign = |secret: &str| signer.run(&json!({ "secret": secret, "url": format!("{BASE}{target}"), "body": body }));
            let signature = sign(TOKEN);
            assert_eq!(host.send(&form(&target, &body, &signature)).status, 200, "{body}");
            receiver.wait_for("/", count + 1);
            assert_eq!(host.send(&form(&target, &format!("{body}x"), &signature)).status, 403, "one byte more");
            assert_eq!(host.send(&form(&target.replace("n=", "n=0"), &body, &signature)).status, 403, "another URL");
            assert_eq!(host.send(&form(&target, &body, &sign("another"))).status, 403, "another token");
        }
    });
}

#[test]
fn twilios_signatures_of_get_and_of_json_are_accepted_and_a_changed_byte_is_not() {
    let Some(signer) = TWILIO.ready() else { return };
    let sign = |target: &str, body: &str| signer.run(&json!({ "secret": TOKEN, "url": format!("{BASE}{target}"), "body": body }));
    serving(|host, receiver| {
        let target = format!("/twilio?AccountSid={ACCOUNT}&From=%2B15551&Body=a+b%20c");
        let get = |target: &str, signature: &str| Request::new("GET", target).header("x-twilio-signature", signature);
        let signature = sign(&target, "");
        assert_eq!(host.send(&get(&target, &signature)).status, 200);
        assert_eq!(host.send(&get(&target.replace("a+b", "a%20b"), &signature)).status, 403);
        receiver.wait_for("/", 1);

        let body = format!("{{ \"account_sid\" : \"{ACCOUNT}\", \"n\": 1.0, \"caf\\u00e9\": \"é\" }}\n");
        let target = format!("/twilio?x=1&bodySHA256={}", hex::encode(Sha256::digest(&body)));
        let post = |body: &str, signature: &str| Request::json(&target, body).header("x-twilio-signature", signature);
        let signature = sign(&target, &body);
        assert_eq!(host.send(&post(&body, &signature)).status, 200);
        assert_eq!(host.send(&post(body.trim_end(), &signature)).status, 403, "one byte less");
        receiver.wait_for("/", 2);
    });
}

#[test]
fn the_signatures_of_twilios_webhook_rules_are_accepted_and_a_changed_byte_is_not() {
    let Some(signer) = TWILIO_WITH_RULES.ready() else { return };
    serving(|host, receiver| {
        for (count, rest) in FORMS.iter().enumerate() {
            let body = format!("AccountSid={ACCOUNT}&{rest}");
            let (url, secret) = (format!("{BASE}:443/twilio"), samples::common("twilio", "sharedKey"));
            let signature = signer.run(&json!({ "secret": secret, "url": url, "body": body, "algorithm": "HMAC_SHA256" }));
            let send = |body: &str, algorithm: &str| {
                let settings = format!("key=webhooks_sharedkey_1,algorithm={algorithm}");
                host.send(&form("/twilio", body, &signature).header("x-twilio-webhooks-signature-settings", settings)).status
            };
            assert_eq!(send(&body, "HMAC_SHA256"), 200, "{body}");
            assert_eq!(send(&format!("{body}x"), "HMAC_SHA256"), 403, "one byte more");
            assert_eq!(send(&body, "HMAC_SHA1"), 403, "another algorithm");
            receiver.wait_for("/", count + 1);
        }
    });
}
