//! SendGrid: the signed event webhook is signed with ECDSA, which IML has no function for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookwright_sdk::{function, plugin};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey;

/// Whether SendGrid has signed a request: `publicKey` is the webhook's verification key, `timestamp` and `signature` are
/// the headers `X-Twilio-Email-Event-Webhook-Timestamp` and `-Signature`.
///
/// The signature is ECDSA on the curve P-256 with SHA-256, over the timestamp and the exact body behind it. A key or a
/// signature that is none is false, as is a wrong one.
/// (twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features)
#[function]
fn sendgrid_verify(public_key: &str, timestamp: &str, raw_body: &[u8], signature: &str) -> bool {
    // What is cheap to look at comes first. Nothing stands between the two that are signed: digits cannot be where the body
    // begins.
    let is_time = (1..=LONGEST_TIME).contains(&timestamp.len()) && timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let Some(signature) = Some(signature).filter(|_| is_time).and_then(self::signature) else {
        return false;
    };
    key(public_key).is_some_and(|key| key.verify(&[timestamp.as_bytes(), raw_body].concat(), &signature).is_ok())
}

/// Seconds since 1970 have ten digits until 2286.
const LONGEST_TIME: usize = 20;
/// A signature on P-256 has at most 72 bytes in its DER form.
const LONGEST_SIGNATURE: usize = 72_usize.div_ceil(3) * 4;

/// SendGrid shows the key as base64 of its DER form (SubjectPublicKeyInfo).
fn key(base64: &str) -> Option<VerifyingKey> {
    VerifyingKey::from_public_key_der(&STANDARD.decode(base64).ok()?).ok()
}

fn signature(base64: &str) -> Option<Signature> {
    let base64 = Some(base64).filter(|base64| base64.len() <= LONGEST_SIGNATURE)?;
    Signature::from_der(&STANDARD.decode(base64).ok()?).ok()
}

plugin! { functions: [sendgrid_verify] }

#[cfg(test)]
mod tests {
    use hookwright_sdk::testing::Service;

    use super::{PLUGIN, sendgrid_verify};

    /// Of the tests of SendGrid's own library (npm `@sendgrid/eventwebhook` 8.0.0).
    const KEY: &str =
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==";
    const SIGNATURE: &str = "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=";
    const TIMESTAMP: &str = "1600112502";
    const BODY: &str = concat!(
        r#"[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address","#,
        r#""sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA","#,
        r#""sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0","#,
        r#""smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]"#,
        "\r\n"
    );

    #[test]
    fn the_signature_of_sendgrids_own_tests_holds() {
        assert!(sendgrid_verify(KEY, TIMESTAMP, BODY.as_bytes(), SIGNATURE));
    }

    #[test]
    fn one_changed_byte_anywhere_is_noticed() {
        assert!(!sendgrid_verify(KEY, TIMESTAMP, BODY.trim_end().as_bytes(), SIGNATURE));
        assert!(!sendgrid_verify(KEY, "1600112503", BODY.as_bytes(), SIGNATURE));
        assert!(!sendgrid_verify(KEY, TIMESTAMP, BODY.as_bytes(), &SIGNATURE.replace("ZtM=", "ZtQ=")));
        let another_key =
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQ4LIFtWztlsF7skFqOncjD1lun4H5w8XOhyOArHW9RcIx/FfEzx6cikC/yPfUvwaX/JScE7Fc9CJD2afQ9Ok3Q==";
        assert!(!sendgrid_verify(another_key, TIMESTAMP, BODY.as_bytes(), SIGNATURE));
    }

    #[test]
    fn what_is_no_key_or_signature_is_false_and_no_error() {
        assert!(!sendgrid_verify("", "", b"", ""));
        assert!(!sendgrid_verify("not base64", TIMESTAMP, BODY.as_bytes(), SIGNATURE));
        assert!(!sendgrid_verify(SIGNATURE, TIMESTAMP, BODY.as_bytes(), SIGNATURE));
        assert!(!sendgrid_verify(KEY, TIMESTAMP, BODY.as_bytes(), KEY));
    }

    #[test]
    fn the_timestamp_cannot_take_from_the_body_what_was_signed_with_it() {
        assert!(!sendgrid_verify(KEY, "", format!("{TIMESTAMP}{BODY}").as_bytes(), SIGNATURE));
        assert!(!sendgrid_verify(KEY, &format!("{TIMESTAMP}["), &BODY.as_bytes()[1..], SIGNATURE));
    }

    #[test]
    fn a_header_of_100_kilobytes_is_no_signature_and_no_timestamp() {
        assert!(!sendgrid_verify(KEY, TIMESTAMP, BODY.as_bytes(), &(SIGNATURE.to_owned() + &"A".repeat(100_000))));
        assert!(!sendgrid_verify(KEY, &TIMESTAMP.repeat(10_000), BODY.as_bytes(), SIGNATURE));
    }

    #[test]
    fn a_repeated_batch_is_known_by_the_ids_of_its_events() {
        let batch = include_bytes!("../../../spec-examples/sendgrid/samples/delivery/request.http");
        let verdict = Service::open("../../spec-examples/sendgrid", &PLUGIN).run(batch);
        let ids = verdict.map(|verdict| verdict.dedupe);
        // SHA-256 of the three ids with commas between them.
        assert_eq!(ids, Ok(Some("e9e4f439b94d00792876c9028aa6a14f67faa7a5847a939e4798e5787096b96c".to_owned())));
    }

    #[test]
    fn the_example_service_answers_what_sendgrid_sends() {
        Service::open("../../spec-examples/sendgrid", &PLUGIN).check_samples();
    }
}
