//! A hook is changed while something waits for it.

use hookwright_tests::receiver::Receiver;
use hookwright_tests::wait;
use serde_json::{Value, json};

use super::installation;

#[test]
fn what_failed_goes_to_the_new_destination_at_once_and_the_change_survives_kill_9() {
    let installation = installation();
    installation.spec("orders", r#"{ "output": { "shop": "{{parameters.shop}}" } }"#);
    let (wrong, right) = (Receiver::start().unwrap(), Receiver::start().unwrap());
    wrong.answer(500);
    let arguments = ["hooks", "add", "orders", "--parameter", "shop=a", "--retry", "1h", "--to", &wrong.url("/"), "--json"];
    let added: Value = serde_json::from_str(&installation.run(&arguments)).unwrap();
    let (hook, path) = (added["hook"]["id"].as_str().unwrap(), added["hook"]["paths"][0].as_str().unwrap());
    let host = installation.serve();
    assert_eq!(host.post(path, &json!({})).status, 200);
    host.wait_for_log("to be tried again");

    installation.run(&["hooks", "update", hook, "--to", &right.url("/"), "--parameter", "shop=b"]);
    assert_eq!(right.wait_for("/", 1), [json!({ "shop": "a" })], "what waited was made with what the parameters were");
    host.kill();
    let host = installation.serve();
    assert_eq!(host.post(path, &json!({})).status, 200);
    wait::until_true("what came later is delivered there too", || right.bodies("/").contains(&json!({ "shop": "b" })));
    assert!(installation.fails(&["hooks", "update", hook]).contains("--to"), "it says what can be changed");
    host.stop();
}

#[test]
fn what_waits_for_a_hook_that_is_disabled_changed_and_enabled_again_goes_the_new_way() {
    let installation = installation();
    installation.spec("orders", "{}");
    let (wrong, right) = (Receiver::start().unwrap(), Receiver::start().unwrap());
    wrong.answer(500);
    let arguments = ["hooks", "add", "orders", "--retry", "1h", "--to", &wrong.url("/"), "--json"];
    let added: Value = serde_json::from_str(&installation.run(&arguments)).unwrap();
    let (hook, path) = (added["hook"]["id"].as_str().unwrap(), added["hook"]["paths"][0].as_str().unwrap());
    let host = installation.serve();
    assert_eq!(host.post(path, &json!({ "n": 1 })).status, 200);
    host.wait_for_log("to be tried again");
    installation.run(&["hooks", "disable", hook]);
    installation.run(&["hooks", "update", hook, "--to", &right.url("/")]);
    assert_eq!(installation.run(&["dead-letters", "list", "--json"]).trim(), "[]");
    installation.run(&["hooks", "enable", hook]);
    assert_eq!(right.wait_for("/", 1), [json!({ "n": 1 })]);
    host.stop();
}
