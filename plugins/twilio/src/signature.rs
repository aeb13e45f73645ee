//! The signature that a request carries, with the secret and the algorithm it is made with.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use hookwright_sdk::{Collection, Value};
use sha1::Sha1;
use sha2::Sha256;

/// A signature that is to be checked.
pub(crate) struct Signature<'k> {
    bytes: Vec<u8>,
    secret: &'k str,
    algorithm: Algorithm,
}

/// 32 bytes in base64.
const LONGEST: usize = 44;

enum Algorithm {
    HmacSha1,
    HmacSha256,
}

impl<'k> Signature<'k> {
    /// The signature in `X-Twilio-Signature`. None where there is none, or nothing to check it with.
    ///
    /// It is HMAC-SHA1 with the account's token, unless `X-Twilio-Webhooks-Signature-Settings` (`key=...,algorithm=...`)
    /// says that a webhook rule has signed with a key of its own (twilio.com/docs/usage/webhooks/webhook-rules).
    pub(crate) fn read(headers: &Collection, auth_token: &'k str, shared_key: &'k str) -> Option<Self> {
        let header = |name| headers.get(name).and_then(Value::as_text);
        let (secret, algorithm) = match header("x-twilio-webhooks-signature-settings") {
            Some(settings) => (shared_key, Algorithm::named_in(settings)?),
            None => (auth_token, Algorithm::HmacSha1),
        };
        let encoded = header("x-twilio-signature").filter(|encoded| encoded.len() <= LONGEST)?;
        let bytes = STANDARD.decode(encoded).ok()?;
        (!secret.is_empty()).then_some(Self { bytes, secret, algorithm })
    }

    /// Whether it is the signature of these texts, one behind the other. Takes the same time wherever they differ.
    pub(crate) fn is_of(&self, texts: &[&str]) -> bool {
        match self.algorithm {
            Algorithm::HmacSha1 => self.is_made_with::<Hmac<Sha1>>(texts),
            Algorithm::HmacSha256 => self.is_made_with::<Hmac<Sha256>>(texts),
        }
    }

    fn is_made_with<M: Mac + KeyInit>(&self, texts: &[&str]) -> bool {
        let mut mac = <M as KeyInit>::new_from_slice(self.secret.as_bytes()).expect("an HMAC takes keys of every length");
        texts.iter().for_each(|text| mac.update(text.as_bytes()));
        mac.verify_slice(&self.bytes).is_ok()
    }
}

impl Algorithm {
    /// The algorithm in `key=...,algorithm=...`; SHA-1 where none is named, as in Twilio's libraries.
    fn named_in(settings: &str) -> Option<Self> {
        let pairs = settings.split(',').filter_map(|part| part.split_once('='));
        let named = pairs.map(|(name, value)| (name.trim(), value.trim())).find(|(name, _)| *name == "algorithm");
        match named.map_or("", |(_, value)| value).to_ascii_uppercase().as_str() {
            "" | "HMAC_SHA1" => Some(Self::HmacSha1),
            "HMAC_SHA256" => Some(Self::HmacSha256),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use hookwright_sdk::Collection;

    use super::Signature;

    /// HMAC-SHA256 of "text" with the key "shared", by OpenSSL.
    const SIGNATURE: &str = "0I89Us7sGOnRPWuYWWikXGgykCXq081w3AasdxjVAXk=";

    fn holds(settings: &str, shared_key: &str) -> bool {
        let headers = [("x-twilio-signature", SIGNATURE), ("x-twilio-webhooks-signature-settings", settings)];
        let headers = Collection::from_iter(headers);
        Signature::read(&headers, "token", shared_key).is_some_and(|signature| signature.is_of(&["te", "xt"]))
    }

    #[test]
    fn a_webhook_rule_signs_with_its_own_key_and_algorithm() {
        assert!(holds("key=webhooks_sharedkey_1,algorithm=HMAC_SHA256", "shared"));
        assert!(!holds("key=webhooks_sharedkey_1,algorithm=HMAC_SHA256", "token"));
        assert!(!holds("key=webhooks_sharedkey_1,algorithm=HMAC_SHA1", "shared"));
    }

    #[test]
    fn a_signature_of_100_kilobytes_is_none() {
        let headers = Collection::from_iter([("x-twilio-signature", "A".repeat(100_000))]);
        assert!(Signature::read(&headers, "token", "").is_none());
    }

    #[test]
    fn an_algorithm_that_nobody_knows_and_a_key_that_nobody_has_set_are_no_signature() {
        assert!(!holds("key=webhooks_sharedkey_1,algorithm=NONE", "shared"));
        assert!(!holds("algorithm=HMAC_SHA256", ""));
    }
}
