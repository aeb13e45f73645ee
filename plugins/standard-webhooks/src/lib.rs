//! Standard Webhooks, and Svix where it began: messages with an id and a time, signed with a shared secret or a key pair.

mod key;
mod message;

use hookwright_sdk::{Collection, function, host, plugin};

use key::Key;
use message::Message;

/// Whether a message is signed with `secret` and of these five minutes: `headers` and `rawBody` are the request's.
///
/// A secret that begins with `whsec_` is shared with the sender (signatures `v1`), one that begins with `whpk_` is the
/// sender's public key (`v1a`). One right signature among the first 16 is enough: that is how senders replace their secrets.
/// The headers are `webhook-id`, `webhook-timestamp` and `webhook-signature`, or `svix-...` where there is no `webhook-id`.
///
/// Anything missing or malformed is false, as is a wrong signature.
/// (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md)
#[function]
fn standard_webhooks_verify(secret: &str, headers: &Collection, raw_body: &[u8]) -> bool {
    // The time comes first: it costs nothing, and keeps out whoever sends a recording.
    let Some(message) = Message::read(headers).filter(|message| message.is_fresh(host::now())) else {
        return false;
    };
    Key::read(secret).is_some_and(|key| key.has_made_one_of(message.signatures(), &message.signed(raw_body)))
}

plugin! { functions: [standard_webhooks_verify] }

#[cfg(test)]
mod tests {
    use hookwright_sdk::testing::{Service, freeze};
    use hookwright_sdk::{Collection, Date};

    use super::{PLUGIN, standard_webhooks_verify};

    /// The vector that the specification's libraries share.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const TIME: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    /// RFC 8032's first key pair; the signature by OpenSSL, over the same message.
    const PUBLIC_KEY: &str = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    const ASYMMETRIC: &str = "v1a,fldxM4gAKugP6nnt1hdz3sgGfZ6d99nzrMFnZOELIxbzEHoVmAb2ADpkJK7zgPePmPsle0zV9jSeGlHFG2NVAw==";

    fn at(seconds: i64) {
        freeze(Date::from_milliseconds(seconds * 1000));
    }

    fn headers(prefix: &str, signature: &str) -> Collection {
        let values = [("id", ID.to_owned()), ("timestamp", TIME.to_string()), ("signature", signature.to_owned())];
        values.into_iter().map(|(name, value)| (format!("{prefix}-{name}"), value)).collect()
    }

    fn holds(secret: &str, signature: &str) -> bool {
        at(TIME);
        standard_webhooks_verify(secret, &headers("webhook", signature), BODY)
    }

    #[test]
    fn the_vector_of_the_specification_holds() {
        assert!(holds(SECRET, SIGNATURE));
        assert!(holds(SECRET.trim_start_matches("whsec_"), SIGNATURE));
    }

    #[test]
    fn so_does_a_signature_with_a_key_pair() {
        assert!(holds(PUBLIC_KEY, ASYMMETRIC));
        assert!(!holds(PUBLIC_KEY, &ASYMMETRIC.replace("v1a,", "v1,")));
        assert!(!holds(SECRET, &SIGNATURE.replace("v1,", "v1a,")));
    }

    #[test]
    fn one_right_signature_among_several_is_enough() {
        assert!(holds(SECRET, &format!("v1,AAAA v2,x {ASYMMETRIC} nonsense {SIGNATURE}")));
        assert!(holds(PUBLIC_KEY, &format!("{SIGNATURE} v1a,AAAA {ASYMMETRIC}")));
        assert!(!holds(SECRET, &format!("v1,AAAA {ASYMMETRIC}")));
    }

    #[test]
    fn a_header_full_of_signatures_costs_no_more_than_the_first_of_them() {
        let wrong = "v1,h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= ";
        assert!(holds(SECRET, &(wrong.repeat(15) + SIGNATURE)));
        assert!(!holds(SECRET, &(wrong.repeat(2000) + SIGNATURE)), "100 KB");
        assert!(!holds(SECRET, &format!("v1,{}", "A".repeat(100_000))), "one of 100 KB");
        let wrong = ASYMMETRIC.replace("v1a,f", "v1a,g") + " ";
        assert!(!holds(PUBLIC_KEY, &(wrong.repeat(1000) + ASYMMETRIC)));
    }

    #[test]
    fn svix_names_the_same_headers_after_itself() {
        at(TIME);
        assert!(standard_webhooks_verify(SECRET, &headers("svix", SIGNATURE), BODY));
    }

    #[test]
    fn a_webhook_id_that_was_not_signed_does_not_stand_before_one_that_was() {
        at(TIME);
        let mut headers = headers("svix", SIGNATURE);
        headers.insert("webhook-id", "msg_another");
        assert!(!standard_webhooks_verify(SECRET, &headers, BODY));
    }

    #[test]
    fn a_message_is_good_for_five_minutes_both_ways() {
        for (seconds, expected) in [(-301, false), (-300, true), (300, true), (301, false)] {
            at(TIME + seconds);
            assert_eq!(standard_webhooks_verify(SECRET, &headers("webhook", SIGNATURE), BODY), expected, "{seconds}");
        }
    }

    #[test]
    fn one_changed_byte_anywhere_is_noticed() {
        at(TIME);
        assert!(!standard_webhooks_verify(SECRET, &headers("webhook", SIGNATURE), &BODY[1..]));
        assert!(!holds(SECRET, &SIGNATURE.replace("g0h", "g1h")));
        assert!(!holds(&SECRET.replace("MfK", "MfL"), SIGNATURE));
        assert!(!holds(PUBLIC_KEY, &ASYMMETRIC.replace("v1a,", "v1a,A")));
    }

    #[test]
    fn what_is_missing_or_malformed_is_false_and_no_error() {
        for secret in ["", "whsec_", "whpk_", "whsec_?", "whpk_AAAA"] {
            assert!(!holds(secret, SIGNATURE), "{secret}");
        }
        for missing in ["id", "timestamp", "signature"] {
            at(TIME);
            let name = format!("webhook-{missing}");
            let rest: Collection =
                headers("webhook", SIGNATURE).iter().filter(|(known, _)| *known != name).map(|(n, v)| (n, v.clone())).collect();
            assert!(!standard_webhooks_verify(SECRET, &rest, BODY), "{missing}");
        }
    }

    #[test]
    fn the_example_service_answers_what_such_senders_send() {
        Service::open("../../spec-examples/standard-webhooks", &PLUGIN).check_samples();
    }
}
