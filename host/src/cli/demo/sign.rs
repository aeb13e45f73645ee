//! The providers' signatures, made here: a recorded request whose time is part of its signature is only good for
//! minutes, so whoever sends it again signs it again.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// GitHub's `x-hub-signature-256`.
pub fn github(secret: &str, body: &[u8]) -> String {
    format!("sha256={}", hex::encode(hmac(secret.as_bytes(), &[body])))
}

/// Slack's `x-slack-signature`; `seconds` is its `x-slack-request-timestamp`.
pub fn slack(secret: &str, seconds: i64, body: &[u8]) -> String {
    format!("v0={}", hex::encode(hmac(secret.as_bytes(), &[format!("v0:{seconds}:").as_bytes(), body])))
}

/// One of the `v1` in Stripe's `stripe-signature`; `seconds` is its `t`.
pub fn stripe(secret: &str, seconds: i64, body: &[u8]) -> String {
    format!("v1={}", hex::encode(hmac(secret.as_bytes(), &[format!("{seconds}.").as_bytes(), body])))
}

/// One of the `v1` in the `webhook-signature` of Standard Webhooks; `seconds` is its `webhook-timestamp`. A secret that
/// is not `whsec_` and base64 is none of its, and signs as if it were empty.
pub fn standard_webhooks(secret: &str, id: &str, seconds: i64, body: &[u8]) -> String {
    let secret = secret.strip_prefix("whsec_").and_then(|encoded| STANDARD.decode(encoded).ok()).unwrap_or_default();
    format!("v1,{}", STANDARD.encode(hmac(&secret, &[format!("{id}.{seconds}.").as_bytes(), body])))
}

fn hmac(secret: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of every length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

/// Moves a recorded request of Slack, Stripe or Standard Webhooks from the time it was recorded at by `seconds`: its
/// time, and its signature if that was right. A wrong one stays wrong, and what was too old stays too old.
pub fn shift(headers: &mut Headers, body: &[u8], secret: &str, seconds: i64) {
    shift_slack(headers, body, secret, seconds);
    shift_stripe(headers, body, secret, seconds);
    shift_standard_webhooks(headers, "webhook", body, secret, seconds);
    shift_standard_webhooks(headers, "svix", body, secret, seconds);
}

/// Names and values in their order.
pub type Headers = [(String, String)];

fn shift_slack(headers: &mut Headers, body: &[u8], secret: &str, by: i64) {
    let Some((old, new)) = shift_time(headers, "x-slack-request-timestamp", by) else {
        return;
    };
    if let Some(signature) = header(headers, "x-slack-signature") {
        *signature = signature.replace(&slack(secret, old, body), &slack(secret, new, body));
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

fn shift_standard_webhooks(headers: &mut Headers, family: &str, body: &[u8], secret: &str, by: i64) {
    let Some((old, new)) = shift_time(headers, &format!("{family}-timestamp"), by) else {
        return;
    };
    let id = header(headers, &format!("{family}-id")).cloned().unwrap_or_default();
    if let Some(signature) = header(headers, &format!("{family}-signature")) {
        let again = |seconds| standard_webhooks(secret, &id, seconds, body);
        *signature = signature.replace(&again(old), &again(new));
    }
}

/// Moves a header that is a time in seconds, and gives the old and the new one.
fn shift_time(headers: &mut Headers, name: &str, by: i64) -> Option<(i64, i64)> {
    let time = header(headers, name)?;
    let old: i64 = time.parse().ok()?;
    *time = (old + by).to_string();
    Some((old, old + by))
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
    fn a_message_of_standard_webhooks_keeps_its_id() {
        let sign = |seconds| standard_webhooks("whsec_c2VjcmV0", "msg_1", seconds, b"{}");
        let mut moved = owned(&[
            ("svix-id", "msg_1".into()),
            ("svix-timestamp", "100".into()),
            ("svix-signature", format!("v1,AAAA {} v1a,BBBB", sign(100))),
        ]);
        shift(&mut moved, b"{}", "whsec_c2VjcmV0", 11);
        let expected = owned(&[
            ("svix-id", "msg_1".into()),
            ("svix-timestamp", "111".into()),
            ("svix-signature", format!("v1,AAAA {} v1a,BBBB", sign(111))),
        ]);
        assert_eq!(moved, expected);
    }

    #[test]
    fn a_wrong_signature_stays_wrong() {
        let mut moved = owned(&[("x-slack-request-timestamp", "100".into()), ("x-slack-signature", "v0=00".into())]);
        shift(&mut moved, b"{}", "s", 11);
        assert_eq!(moved[1].1, "v0=00");
    }
}
