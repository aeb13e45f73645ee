//! Where bundles may go.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use hookwright_tests::host::Host;
use hookwright_tests::receiver::{Answer, Delivery, Receiver, answer_all};
use hookwright_tests::wait::{self, DEADLINE};
use serde_json::{Value, json};

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

#[test]
fn why_the_last_attempt_failed_is_told_without_a_server_and_after_a_restart() {
    let installation = installation();
    installation.spec("orders", "{}");
    let receiver = Receiver::start().unwrap();
    receiver.answer(503);
    let added: Value =
        serde_json::from_str(&installation.run(&["hooks", "add", "orders", "--retry", "1h", "--to", &receiver.url("/"), "--json"]))
            .unwrap();
    let failure = || {
        let deliveries: Value = serde_json::from_str(&installation.run(&["deliveries", "--json"])).unwrap();
        deliveries[0]["last_failure"].as_str().map(str::to_owned)
    };
    let host = installation.serve();
    assert_eq!(host.post(added["hook"]["paths"][0].as_str().unwrap(), &json!({})).status, 200);
    let reason = wait::until("the attempt has failed", failure);
    assert!(reason.contains("503"), "{reason}");
    host.stop();
    assert_eq!(failure().as_ref(), Some(&reason));
    let host = installation.serve();
    assert_eq!(failure().as_ref(), Some(&reason));
    let shown = installation.run(&["events", "show", "1"]);
    assert!(shown.contains(&reason), "{shown}");
    host.stop();
}

#[test]
fn a_path_that_hangs_delays_no_other_of_its_server() {
    let installation = installation();
    installation.spec("orders", "{}");
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = |path: &str| format!("http://{}{path}", listener.local_addr().unwrap());
    let hanging = [(); 3].map(|()| installation.hook("orders", &[], &url("/hangs")));
    let quick = installation.hook("orders", &[], &url("/quick"));
    let released = Arc::new(AtomicBool::new(false));
    let (sender, deliveries) = mpsc::channel::<Delivery>();
    let hang = Answer::Hang(Arc::clone(&released));
    answer_all(listener, move |delivery| {
        let answer = if delivery.path == "/hangs" { hang.clone() } else { Answer::Status(200) };
        sender.send(delivery).unwrap();
        answer
    });
    let host = installation.serve_with(&["--delivery-timeout", "1h"]);
    for n in 0..60 {
        assert_eq!(host.post(&hanging[n % 3], &json!({ "n": n })).status, 200);
    }
    assert_eq!(deliveries.recv_timeout(DEADLINE).unwrap().path, "/hangs");
    for n in 60..80 {
        assert_eq!(host.post(&quick, &json!({ "n": n })).status, 200);
        let came = std::iter::from_fn(|| deliveries.recv_timeout(DEADLINE).ok()).find(|delivery| delivery.path == "/quick");
        assert_eq!(came.expect("it is delivered while the others hang").json(), json!({ "n": n }));
    }
    released.store(true, Ordering::SeqCst);
    host.stop();
}
