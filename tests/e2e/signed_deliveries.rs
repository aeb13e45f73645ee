//! Deliveries that receivers can tell to be ours.

use hookwright_tests::receiver::{Delivery, Receiver};
use hookwright_tests::signers::{STANDARD_WEBHOOKS_RECEIVER, SVIX_RECEIVER};
use serde_json::{Value, json};

use super::installation;

#[test]
fn receivers_verify_deliveries_with_their_own_libraries_also_while_the_secret_changes() {
    let installation = installation();
    installation.spec("orders", "{}");
    let receiver = Receiver::start().unwrap();
    let host = installation.serve();
    let added: Value = serde_json::from_str(&installation.run(&["hooks", "add", "orders", "--to", &receiver.url("/"), "--json"])).unwrap();
    let (id, secret) = (added["hook"]["id"].as_str().unwrap(), added["secret"].as_str().unwrap());
    let path = added["hook"]["paths"][0].as_str().unwrap();

    host.post(path, &json!({ "n": 1.50 }));
    receiver.wait_for("/", 1);
    let rotated = installation.run(&["hooks", "rotate-secret", id, "--overlap", "1h"]);
    host.post(path, &json!({ "n": 2 }));
    receiver.wait_for("/", 2);
    let last = installation.run(&["hooks", "rotate-secret", id, "--overlap", "0s"]);
    host.post(path, &json!({ "n": 3 }));
    receiver.wait_for("/", 3);

    let deliveries = receiver.deliveries();
    let valid = [vec![secret], vec![secret, rotated.trim()], vec![last.trim()]];
    for (delivery, secrets) in deliveries.iter().zip(valid) {
        assert_eq!(delivery.header("webhook-signature").unwrap().split(' ').count(), secrets.len());
        secrets.into_iter().for_each(|secret| verifies(delivery, secret));
    }
    let shown = installation.run(&["hooks", "list", "--show-urls", "--show-parameters", "--json"]);
    for secret in [secret, rotated.trim(), last.trim()] {
        assert!(!shown.contains(secret) && !host.log().contains(secret));
    }
    host.stop();
}

/// Where the libraries can be installed.
fn verifies(delivery: &Delivery, secret: &str) {
    let headers: serde_json::Map<_, _> = delivery.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let given = json!({ "secret": secret, "headers": headers, "body": String::from_utf8_lossy(&delivery.body) });
    for library in [STANDARD_WEBHOOKS_RECEIVER, SVIX_RECEIVER] {
        if let Some(library) = library.ready() {
            assert_eq!(library.run(&given), "verified");
        }
    }
}
