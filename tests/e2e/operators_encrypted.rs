//! The operators' interface from afar where a certificate is given: encrypted, and in no other way.

use std::path::{Path, PathBuf};

use hookwright_tests::client::Request;

use super::installation;
use super::operators::operators_address;

/// The self-signed pair for `localhost` that the host's own tests have.
fn test_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/src/server").join(name)
}

#[test]
fn from_afar_a_token_works_over_tls_with_the_certificate_of_the_flags_and_in_no_other_way() {
    let installation = installation();
    let token = installation.run(&["tokens", "add", "me"]).trim().to_owned();
    let (certificate, key) = (test_file("test-certificate.pem"), test_file("test-key.pem"));
    let tls = ["--tls-cert", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let host = installation.serve_with(&[&["--operators", "127.0.0.1:0"], &tls[..]].concat());
    let address = operators_address(&host);
    let stranger = Request::new("GET", "/hooks");
    let holder = stranger.clone().header("authorization", format!("Bearer {token}"));

    let answer = holder.send_encrypted(address, &certificate).unwrap();
    assert_eq!((answer.status, answer.text().trim()), (200, "[]"));
    let refused = stranger.send_encrypted(address, &certificate).unwrap();
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, Some("Bearer")));
    for plain in [&stranger, &holder, &Request::new("GET", "/healthz")] {
        let answer = plain.send(address);
        assert!(answer.is_err(), "what is not encrypted was answered: {answer:?}");
    }
    assert_eq!(holder.send_encrypted(address, &certificate).unwrap().status, 200, "and hurts nobody else");
    host.stop();
}
