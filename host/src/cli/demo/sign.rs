//! The providers' signatures, made here: a recorded request whose time is part of its signature is only good for
//! minutes, so whoever sends it again signs it again.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// GitHub's `x-hub-signature-256`.
pub fn github(secret: &str, body: &[u8]) -> String {
    format!("sha256={}", hmac(secret, &[body]))
}

/// Slack's `x-slack-signature`; `seconds` is its `x-slack-request-timestamp`.
pub fn slack(secret: &str, seconds: i64, body: &[u8]) -> String {
    format!("v0={}", hmac(secret, &[format!("v0:{seconds}:").as_bytes(), body]))
}

/// One of the `v1` in Stripe's `stripe-signature`; `seconds` is its `t`.
pub fn stripe(secret: &str, seconds: i64, body: &[u8]) -> String {
    format!("v1={}", hmac(secret, &[format!("{seconds}.").as_bytes(), body]))
}

fn hmac(secret: &str, parts: &[&[u8]]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of every length");
    parts.iter().for_each(|part| mac.update(part));
    hex::encode(mac.finalize().into_bytes())
}

/// Moves a recorded request of Slack or Stripe from the time it was recorded at by `seconds`: its time, and its
/// signature if that was right. A wrong one stays wrong, and what was too old stays too old.
pub fn shift(headers: &mut Headers, body: &[u8], secret: &str, seconds: i64) {
    shift_slack(headers, body, secret, seconds);
    shift_stripe(headers, body, secret, seconds);
}

/// Names and values in their order.
pub type Headers = [(String, String)];

fn shift_slack(headers: &mut Headers, body: &[u8], secret: &str, by: i64) {
    let Some(old) = header(headers, "x-slack-request-timestamp").and_then(|value| value.parse::<i64>().ok()) else {
        return;
    };
    let new = old + by;
    if let Some(signature) = header(headers, "x-slack-signature") {
        *signature = signature.replace(&slack(secret, old, body), &slack(secret, new, body));
    }
    if let Some(timestamp) = header(headers, "x-slack-request-timestamp") {
        *timestamp = new.to_string();
    }
}

fn shift_stripe(headers: &mut Headers, body: &[u8], secret: &str, by: i64) {
    let Some(signature) = header(headers, "stripe-signature") else {
        return;
    };
    let time = signature.strip_prefix("t=").and_then(|rest| rest.split(',').next()?.parse::<i64>().ok());
    let Some(old) = time else { return };
    let new = old + by;
    let signed = signature.replace(&stripe(secret, old, body), &stripe(secret, new, body));
    *signature = signed.replacen(&format!("t={old}"), &format!("t={new}"), 1);
}

fn header<'h>(headers: &'h mut Headers, name: &str) -> Option<&'h mut String> {
    headers.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn owned(headers: &[(&str, String)]) -> Vec<(String, String)> {
        headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn the_signature_is_the_one_in_githubs_documentation() {
        // docs.github.com, "Validating webhook deliveries": secret, payload and result to test an implementation with.
        let expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(github("It's a Secret to Everybody", b"Hello, World!"), expected);
    }

    #[test]
    fn a_right_signature_is_right_at_the_new_time() {
        let mut moved = owned(&[("X-Slack-Request-Timestamp", "100".into()), ("X-Slack-Signature", slack("s", 100, b"{}"))]);
        shift(&mut moved, b"{}", "s", 11);
        assert_eq!((moved[0].1.as_str(), &moved[1].1), ("111", &slack("s", 111, b"{}")));

        let mut moved = owned(&[("stripe-signature", format!("t=100,v1=00,{},v0=1", stripe("s", 100, b"{}")))]);
        shift(&mut moved, b"{}", "s", -50);
        assert_eq!(moved[0].1, format!("t=50,v1=00,{},v0=1", stripe("s", 50, b"{}")));
    }

    #[test]
    fn a_wrong_signature_stays_wrong() {
        let mut moved = owned(&[("x-slack-request-timestamp", "100".into()), ("x-slack-signature", "v0=00".into())]);
        shift(&mut moved, b"{}", "s", 11);
        assert_eq!(moved[1].1, "v0=00");
    }
}
