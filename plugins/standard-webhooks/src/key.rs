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

    /// Whether one of `signatures` (`v1,...` or `v1a,...`) was made over `message` with this key or its private half. Takes the
    /// same time wherever an HMAC differs. What has not the form of a signature costs no look at the message.
    pub(crate) fn has_made_one_of<'s>(&self, signatures: impl Iterator<Item = &'s str>, message: &[u8]) -> bool {
        match self {
            Self::Shared(secret) => has_hmac(secret, decoded(signatures, "v1"), message),
            Self::Public(key) => decoded(signatures, "v1a").any(|signature| is_ed25519(key, message, &signature)),
        }
    }
}

/// The bytes of those signatures that are of this version and as long as such a signature is.
fn decoded<'s, const N: usize>(signatures: impl Iterator<Item = &'s str>, version: &str) -> impl Iterator<Item = [u8; N]> {
    // `N` bytes in base64, with their `=`; not decoded before, since a header may be one signature of 100 KB.
    let fits = |encoded: &&str| encoded.len() <= N.div_ceil(3) * 4;
    let of_version = move |signature: &'s str| signature.split_once(',').filter(|(named, _)| *named == version);
    let encoded = signatures.filter_map(of_version).map(|(_, encoded)| encoded).filter(fits);
    encoded.filter_map(|encoded| BASE64.decode(encoded).ok()?.try_into().ok())
}

/// However many there are, the message is hashed once, and not at all where there is none.
fn has_hmac(secret: &[u8], signatures: impl Iterator<Item = [u8; 32]>, message: &[u8]) -> bool {
    let mut signatures = signatures.peekable();
    if signatures.peek().is_none() {
        return false;
    }
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).expect("an HMAC takes keys of every length");
    let mac = mac.chain_update(message);
    signatures.any(|signature| mac.clone().verify_slice(&signature).is_ok())
}

/// Signatures that other keys could also have made are refused.
fn is_ed25519(key: &VerifyingKey, message: &[u8], signature: &[u8; 64]) -> bool {
    key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
}
