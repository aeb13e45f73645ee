//! Where bundles may go.

use hookwright_tests::host::Host;
use hookwright_tests::receiver::Receiver;
use serde_json::json;

use super::installation;

#[test]
fn what_is_not_public_is_refused_until_the_operator_lets_it_through_and_nothing_is_lost_meanwhile() {
    let installation = installation();
    installation.spec("orders", "{}");
    let receiver = Receiver::start().unwrap();
    let to = receiver.url("/");
    let added = installation.output(&["hooks", "add", "orders", "--to", &to]);
    let warning = String::from_utf8(added.stderr).unwrap();
    assert!(added.status.success() && warning.contains("`--allow-destinations 127.0.0.1`"), "{warning}");
    let printed = String::from_utf8(added.stdout).unwrap();
    let path = &printed[printed.find("/h/").unwrap()..].trim();

    let host = Host::start(installation.command(&["serve", "--listen", "127.0.0.1:0"]));
    let refusal = installation.fails(&["hooks", "add", "orders", "--to", &to]);
    assert!(refusal.contains("127.0.0.1 is a loopback address") && refusal.contains("`--allow-destinations 127.0.0.1`"), "{refusal}");
    assert_eq!(host.post(path, &json!({ "n": 1 })).status, 200);
    host.wait_for_log("127.0.0.1 is a loopback address");
    assert!(receiver.bodies("/").is_empty());
    host.stop();

    let host = installation.serve();
    assert_eq!(receiver.wait_for("/", 1), [json!({ "n": 1 })]);
    host.stop();
}
