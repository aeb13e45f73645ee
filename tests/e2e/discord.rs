//! Discord's interactions, signed here and now with the private half of the examples' key.

use ed25519_dalek::{Signer, SigningKey};
use hookwright_tests::client::Request;
use hookwright_tests::receiver::Receiver;
use hookwright_tests::samples;
use hookwright_tests::signers::DISCORD;
use serde_json::json;

use super::installation;

/// Whose public half is in spec-examples/discord/common.json. It protects nothing.
const PRIVATE_KEY: &str = "74d92a004c275e443eacd463167da115f869a2d1ee15ad85291367a3dea0e4c4";

const BODY: &str = r#"{"type":2,"id":"9","guild_id":"14","data":{"name":"remind"},"member":{"user":{"id":"12"}}}"#;

#[test]
fn a_fresh_interaction_is_accepted_and_with_any_byte_changed_it_is_not() {
    let installation = installation();
    samples::install(&installation, "discord");
    let receiver = Receiver::start().unwrap();
    installation.connect("discord", "14", &receiver.url("/"));
    let host = installation.serve();
    let now = samples::now();
    let status = |key: &SigningKey, body: &str, time: i64| {
        let signature = hex::encode(key.sign(format!("{now}{BODY}").as_bytes()).to_bytes());
        let request = Request::json("/discord", body).header("x-signature-ed25519", signature);
        host.send(&request.header("x-signature-timestamp", time.to_string())).status
    };
    let (key, another) = (key(PRIVATE_KEY), key(&PRIVATE_KEY.replace('7', "8")));
    assert_eq!(status(&key, &BODY.replace("remind", "remand"), now), 401, "another body");
    assert_eq!(status(&key, BODY, now - 60), 401, "another time");
    assert_eq!(status(&another, BODY, now), 401, "another key");
    assert_eq!(status(&key, BODY, now), 200);

    let bundles = receiver.wait_for("/", 1);
    assert_eq!((&bundles[0]["name"], &bundles[0]["user"]), (&json!("remind"), &json!({ "id": "12" })));
    host.stop();
    assert_eq!(receiver.deliveries().len(), 1);
}

#[test]
fn what_discords_library_accepts_is_accepted_and_what_it_refuses_is_refused() {
    let Some(library) = DISCORD.ready() else { return };
    let installation = installation();
    samples::install(&installation, "discord");
    let host = installation.serve();
    let (public_key, time) = (samples::common("discord", "publicKey"), samples::now().to_string());
    let signature = hex::encode(key(PRIVATE_KEY).sign(format!("{time}{BODY}").as_bytes()).to_bytes());
    let upper = signature.to_uppercase();
    let (another_body, another_signature) = (BODY.replace("remind", "remand"), signature.replacen(&signature[..2], "00", 1));
    let (time, another_time) = (time.as_str(), format!("{time}0"));
    let cases = [
        (BODY, time, signature.as_str(), true),
        (BODY, time, upper.as_str(), true),
        (another_body.as_str(), time, signature.as_str(), false),
        (BODY, another_time.as_str(), signature.as_str(), false),
        (BODY, time, another_signature.as_str(), false),
        (BODY, time, &signature[2..], false),
        (BODY, time, "", false),
    ];
    for (body, time, signature, expected) in cases {
        let given = json!({ "key": public_key, "body": body, "time": time, "signature": signature });
        assert_eq!(library.run(&given), expected.to_string(), "{given}");
        let request = Request::json("/discord", body).header("x-signature-ed25519", signature);
        let status = host.send(&request.header("x-signature-timestamp", time)).status;
        assert_eq!(status, if expected { 200 } else { 401 }, "{given}");
    }
}

fn key(hexadecimal: &str) -> SigningKey {
    let mut bytes = [0; 32];
    hex::decode_to_slice(hexadecimal, &mut bytes).unwrap();
    SigningKey::from_bytes(&bytes)
}
