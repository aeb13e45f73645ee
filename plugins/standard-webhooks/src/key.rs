//! What signatures are checked with: a secret shared with the sender, or the sender's public key.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ed25519_dalek::VerifyingKey;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A key, as the receiver has it.
pub(crate) enum Key {
    /// For `v1`: HMAC-SHA256.
    Shared(Vec<u8>),
    /// For `v1a`: Ed25519.
    Public(VerifyingKey),
}

/// With or without `=` at its end, as some senders show their secrets.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

impl Key {
    /// The key in `whpk_...`, in `whsec_...`, or in base64 without such a beginning, which is shared.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if let Some(public) = text.strip_prefix("whpk_") {
            let bytes = BASE64.decode(public).ok()?.try_into().ok()?;
            return VerifyingKey::from_bytes(&bytes).ok().map(Self::Public);
        }
        let secret = BASE64.decode(text.strip_prefix("whsec_").unwrap_or(text)).ok()?;
        (!secret.is_empty()).then_some(Self::Shared(secret))
    }

    /// Whether `signature` (`v1,...` or `v1a,...`) was made over `message` with this key or its private half. Takes the
    /// same time wherever an HMAC differs.
    pub(crate) fn has_made(&self, signature: &str, message: &[u8]) -> bool {
        let Some((version, encoded)) = signature.split_once(',') else {
            return false;
        };
        let Ok(signature) = BASE64.decode(encoded) else {
            return false;
        };
        match (self, version) {
            (Self::Shared(secret), "v1") => is_hmac(secret, message, &signature),
            (Self::Public(key), "v1a") => is_ed25519(key, message, &signature),
            _ => false,
        }
    }
}

fn is_hmac(secret: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).expect("an HMAC takes keys of every length");
    mac.chain_update(message).verify_slice(signature).is_ok()
}

/// Signatures that other keys could also have made are refused.
fn is_ed25519(key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    let signature = ed25519_dalek::Signature::from_slice(signature);
    signature.is_ok_and(|signature| key.verify_strict(message, &signature).is_ok())
}
