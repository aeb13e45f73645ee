//! Discord's interactions, signed here and now with the private half of the examples' key.

use ed25519_dalek::{Signer, SigningKey};
use hookwright_tests::client::Request;
use hookwright_tests::receiver::Receiver;
use hookwright_tests::samples;
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

fn key(hexadecimal: &str) -> SigningKey {
    let mut bytes = [0; 32];
    hex::decode_to_slice(hexadecimal, &mut bytes).unwrap();
    SigningKey::from_bytes(&bytes)
}
