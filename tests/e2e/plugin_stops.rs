//! Requests that stop a plugin, and those beside them: whoever sends the first harms nobody but himself.

use std::net::SocketAddr;

use hookwright_tests::client::{Reply, Request, read_reply};
use hookwright_tests::host::{Host, Installation};
use hookwright_tests::receiver::Receiver;
use hookwright_tests::{plugins, samples, wait};
use serde_json::json;

use super::installation;

/// More than `--plugin-stops` lets pass.
const HOSTILE: usize = 200;

/// An installation with the plugin of the tests, which does what the body says.
fn with_probe() -> Installation {
    let installation = installation();
    let spec = r#"{
        "uid": "u",
        "condition": "{{switch(body.do; 'panic'; panics('again'); 'fill'; greedy(); 'loop'; endless(); same('fine'))}}",
        "respond": { "type": "text", "body": "fine" }
    }"#;
    installation.spec("probe", spec);
    installation.write("probe", "plugin.wasm", std::fs::read(plugins::of_tests("probe")).unwrap());
    installation
}

fn ask(host: &Host, what: &str) -> Reply {
    host.post("/probe", &json!({ "do": what }))
}

/// Sends a request from one of this machine's addresses.
fn ask_from(address: &str, host: &Host, what: &str) -> Reply {
    let request = Request::json("/probe", json!({ "do": what }).to_string()).to_bytes();
    let from = SocketAddr::new(address.parse().unwrap(), 0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(from).unwrap();
        socket.connect(host.address()).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    std::io::Write::write_all(&mut &stream, &request).unwrap();
    read_reply(&mut &stream).unwrap()
}

#[test]
fn one_sender_stops_a_plugin_for_himself_alone() {
    let installation = with_probe();
    let host = installation.serve_with(&[
        "--plugin-stops",
        "3",
        "--plugin-stops-window",
        "0s",
        "--plugin-deadline",
        "100",
        "--plugin-memory",
        "8",
    ]);
    for (what, status) in [("panic", 500), ("fill", 413), ("loop", 422)] {
        for _ in 0..5 {
            assert_eq!(ask_from("127.0.0.2", &host, what).status, status, "{what}");
        }
        assert_eq!(ask(&host, "").text(), "fine", "after {what}");
        assert_eq!(ask_from("127.0.0.2", &host, "").text(), "fine", "also to him");
    }
    assert!(!host.log().contains("out of service"), "{}", host.log());
    host.stop();
}

#[test]
fn a_plugin_that_fails_for_everybody_is_left_alone_until_it_is_well_again() {
    let installation = with_probe();
    let host = installation.serve_with(&["--plugin-stops", "3", "--plugin-stops-window", "0s", "--plugin-deadline", "60000"]);
    assert_eq!(ask(&host, "").text(), "fine");
    for address in ["127.0.0.1", "127.0.0.2", "127.0.0.3"] {
        assert_eq!(ask_from(address, &host, "panic").status, 500);
    }
    host.wait_for_log("the plugin is out of service, and is tried again in 2 s: it was stopped in 3 requests in a row");
    let refused = ask(&host, "");
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")), "even what would not crash");
    assert!(installation.run(&["services"]).contains("the plugin is out of service, and is tried again in "));
    wait::until_true("one request has found out that it is well", || ask(&host, "").status == 200);
    host.wait_for_log("the plugin is in service again");
    host.stop();
}

#[test]
fn unsigned_requests_to_twilio_leave_the_signed_ones_their_reply() {
    let installation = installation();
    samples::install(&installation, "twilio");
    let receiver = Receiver::start().unwrap();
    installation.connect("twilio", TWILIO_ACCOUNT, &receiver.url("/"));
    let flags = ["--public-url", "https://hooks.example.com", "--plugin-memory", "4", "--plugin-stops-window", "0s"];
    let host = installation.serve_with(&flags);
    let genuine = samples::case("twilio", "message").at_present();
    assert_eq!(host.send(&genuine).status, 200);
    let numbers = Request::json("/twilio", format!("[{}0]", "0,".repeat(50_000)));
    let parameters: Vec<_> = (0..9000).map(|number| format!("{number}=x")).collect();
    let form = Request::new("POST", &format!("/twilio?AccountSid={TWILIO_ACCOUNT}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-twilio-signature", "L/OH5YylLD5NRKLltdqwSvS0BnU=")
        .body(parameters.join("&"));
    for hostile in [numbers, form].iter().cycle().take(HOSTILE) {
        assert_eq!(host.send(hostile).status, 403);
    }
    assert_eq!(host.send(&genuine).status, 200);
    host.stop();
}

const TWILIO_ACCOUNT: &str = "AC0EXAMPLE00000000000000000000001";

#[test]
fn a_flood_of_signatures_for_one_hook_leaves_the_other_hooks_their_reply() {
    let installation = installation();
    samples::install(&installation, "standard-webhooks");
    let receiver = Receiver::start().unwrap();
    let case = samples::case("standard-webhooks", "shared-secret");
    let parameters = case.parameters().unwrap();
    let parameters: Vec<_> = parameters.iter().map(String::as_str).collect();
    let host = installation.serve_with(&["--plugin-stops-window", "0s"]);
    let attacked = installation.hook("standard-webhooks", &["secret=whsec_c2VjcmV0IG9mIGFub3RoZXIgdGVuYW50"], &receiver.url("/"));
    let mut genuine = case.at_present();
    genuine.target = installation.hook("standard-webhooks", &parameters, &receiver.url("/"));
    let timestamp = genuine.headers.iter().find(|(name, _)| name == "webhook-timestamp").unwrap().1.clone();
    let hostile = Request::json(&attacked, format!("\"{}\"", "x".repeat(100_000)))
        .header("webhook-id", "msg_1")
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= ".repeat(600));
    for _ in 0..HOSTILE {
        assert_eq!(host.send(&hostile).status, 401, "refused, not stopped");
    }
    assert_eq!(host.send(&genuine).status, 200);
    host.stop();
}
