//! Verifications: answered, never delivered.

use hookwright_tests::client::Request;
use hookwright_tests::receiver::Receiver;
use serde_json::json;

use super::installation;

const SPEC: &str = r#"{
    "verification": {
        "condition": "{{method = 'GET' & query.`hub.verify_token` = parameters.token}}",
        "respond": { "type": "text", "body": "{{query.`hub.challenge`}}" }
    }
}"#;

#[test]
fn a_verification_is_answered_and_not_delivered() {
    let installation = installation();
    installation.spec("pages", SPEC);
    let receiver = Receiver::start().unwrap();
    let path = installation.hook("pages", &["token=t0k3n"], &receiver.url("/"));
    let host = installation.serve();

    let question = Request::new("GET", &format!("{path}?hub.mode=subscribe&hub.verify_token=t0k3n&hub.challenge=11%2B58"));
    let reply = host.send(&question);
    assert_eq!((reply.status, reply.text().as_str()), (200, "11+58"));

    // What comes after it is delivered, and it alone.
    assert_eq!(host.post(&path, &json!({ "page": 1 })).status, 200);
    receiver.wait_for("/", 1);
    host.stop();
    assert_eq!(receiver.bodies("/"), [json!({ "page": 1 })]);
}

#[test]
fn an_unknown_token_is_404_and_a_hook_that_was_removed_or_disabled_410() {
    let installation = installation();
    installation.spec("pages", SPEC);
    let path = installation.hook("pages", &[], "stdout:");
    let other = installation.hook("pages", &[], "stdout:");
    let host = installation.serve();
    let status = |path: &str| host.post(path, &json!({})).status;
    assert_eq!((status("/h/00000000000000000000000000000000"), status("/nothing"), status(&path)), (404, 404, 200));

    let listed = installation.run(&["hooks", "list", "--show-urls", "--json"]);
    let hooks: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let id = |path: &str| {
        let hooks = hooks.as_array().unwrap();
        let hook = hooks.iter().find(|hook| hook.to_string().contains(path.trim_start_matches("/h/")));
        hook.unwrap_or_else(|| panic!("{path} in {hooks:?}"))["id"].as_str().unwrap().to_owned()
    };
    installation.run(&["hooks", "remove", &id(&path)]);
    installation.run(&["hooks", "disable", &id(&other)]);
    assert_eq!((status(&path), status(&other)), (410, 410));
}
