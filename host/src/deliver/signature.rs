//! Signatures of deliveries, as the Standard Webhooks specification has them (github.com/standard-webhooks/standard-webhooks).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::connections::Secret;

/// The value of `webhook-signature`: one `v1,` signature for each secret that signs at `now_ms`, the current one's first,
/// over `id.timestamp.body`. `None`: no secret does.
pub(crate) fn signatures(secrets: &[Secret], now_ms: u64, id: &str, body: &[u8]) -> Option<String> {
    let keys = secrets.iter().filter(|secret| secret.signs(now_ms)).filter_map(Secret::key);
    let signatures: Vec<_> = keys.map(|key| signature(&key, now_ms / 1_000, id, body)).collect();
    (!signatures.is_empty()).then(|| signatures.join(" "))
}

fn signature(key: &[u8], seconds: u64, id: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str, until_ms: Option<u64>) -> Secret {
        Secret { text: text.into(), until_ms }
    }

    /// The vector of the specification's own libraries.
    #[test]
    fn the_published_vector_is_reproduced() {
        let secrets = [secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", None)];
        let signed = signatures(&secrets, 1_614_265_330_999, "msg_p5jXN8AQM9LWM0D4loKWxJek", b"{\"test\": 2432232314}");
        assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn while_two_secrets_are_valid_both_sign() {
        let secrets = [secret("whsec_bmV3", None), secret("whsec_b2xk", Some(2_000))];
        let at = |now_ms| signatures(&secrets, now_ms, "m", b"{}").map_or(0, |value| value.split(' ').count());
        assert_eq!([at(1_999), at(2_000)], [2, 1]);
        assert_eq!(signatures(&[], 0, "m", b"{}"), None);
    }
}
