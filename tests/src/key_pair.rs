//! The sender's key pair in the samples of standard-webhooks; whoever sends them again needs its private half.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha256};

/// It protects nothing.
fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&Sha256::digest("Hookwright: the key of the samples of standard-webhooks").into())
}

/// `v1a,` and the signature of a message.
fn sign(id: &str, seconds: &str, body: &[u8]) -> String {
    let signed = [format!("{id}.{seconds}.").as_bytes(), body].concat();
    format!("v1a,{}", STANDARD.encode(signing_key().sign(&signed).to_bytes()))
}

/// Makes the `v1a` in a message's headers anew, where there is one: for the time that they name.
pub(crate) fn sign_again(headers: &mut [(String, String)], body: &[u8]) {
    let value = |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map_or("", |(_, value)| value);
    let again = sign(value("webhook-id"), value("webhook-timestamp"), body);
    for (_, signatures) in headers.iter_mut().filter(|(name, _)| name == "webhook-signature") {
        let each = signatures.split(' ').map(|signature| if signature.starts_with("v1a,") { again.as_str() } else { signature });
        *signatures = each.collect::<Vec<_>>().join(" ");
    }
}
