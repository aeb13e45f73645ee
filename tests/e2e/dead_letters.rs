//! Bundles that were given up are not lost.

use hookwright_tests::receiver::Receiver;
use serde_json::{Value, json};

use super::installation;

#[test]
fn a_dead_letter_is_redriven_once_its_hook_is_enabled_and_survives_kill_9() {
    let installation = installation();
    installation.spec("orders", "{}");
    let receiver = Receiver::start().unwrap();
    receiver.answer(410);
    let path = installation.hook("orders", &[], &receiver.url("/"));
    let host = installation.serve();
    assert_eq!(host.post(&path, &json!({ "n": 1 })).status, 200);
    host.wait_for_log("the hook is disabled");
    host.wait_for_log("a bundle is a dead letter");

    let listed: Value = serde_json::from_str(&installation.run(&["dead-letters", "list", "--json"])).unwrap();
    let (hook, reason) = (listed[0]["hook"].as_str().unwrap(), listed[0]["reason"].as_str().unwrap());
    assert_eq!((listed.as_array().unwrap().len(), reason), (1, "answered 410 Gone"));
    let refused = installation.fails(&["dead-letters", "redrive", "--all"]);
    assert!(refused.contains("it is disabled; `hookwright hooks enable`"), "{refused}");

    receiver.answer(500);
    let enabled = installation.output(&["hooks", "enable", hook]);
    let said = String::from_utf8(enabled.stderr).unwrap();
    assert!(said.contains(&format!("1 dead letter: `hookwright dead-letters redrive --hook {hook}`")), "{said}");
    installation.run(&["dead-letters", "redrive", "--hook", hook]);
    host.kill();
    assert_eq!(installation.run(&["dead-letters", "list", "--json"]).trim(), "[]");

    let refused = receiver.bodies("/").len();
    receiver.answer(200);
    let host = installation.serve();
    assert_eq!(receiver.wait_for("/", refused + 1).last(), Some(&json!({ "n": 1 })));
    host.stop();
}
