//! Discord: interactions are signed with Ed25519, which IML has no function for.

use ed25519_dalek::{Signature, VerifyingKey};
use hookwright_sdk::{function, plugin};

/// Whether `signature` (hexadecimal) was made over `message` with the key whose public half is
/// `public_key` (hexadecimal).
///
/// A key or signature that is none is not an error: Discord probes endpoints with both, and wants a
/// 401. Signatures that other keys could also have made are refused.
#[function]
fn ed25519_verify(public_key: &str, message: &[u8], signature: &str) -> bool {
    // First what costs nothing: a signature of the wrong length is not even decoded.
    let Some(signature) = bytes(signature).map(|bytes| Signature::from_bytes(&bytes)) else {
        return false;
    };
    let key = bytes(public_key).and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
    key.is_some_and(|key| key.verify_strict(message, &signature).is_ok())
}

fn bytes<const N: usize>(hexadecimal: &str) -> Option<[u8; N]> {
    let mut out = [0; N];
    hex::decode_to_slice(hexadecimal, &mut out).ok()?;
    Some(out)
}

plugin! { functions: [ed25519_verify] }

#[cfg(test)]
mod tests {
    use hookwright_sdk::testing::Service;

    use super::{PLUGIN, ed25519_verify};

    /// RFC 8032, section 7.1, test 2.
    const KEY: &str = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
    const SIGNATURE: &str =
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

    #[test]
    fn the_signature_of_rfc_8032_holds() {
        assert!(ed25519_verify(KEY, b"\x72", SIGNATURE));
    }

    #[test]
    fn one_changed_byte_anywhere_is_noticed() {
        assert!(!ed25519_verify(KEY, b"\x73", SIGNATURE));
        assert!(!ed25519_verify(KEY, b"\x72", &SIGNATURE.replacen('9', "8", 1)));
        assert!(!ed25519_verify(&KEY.replacen('3', "4", 1), b"\x72", SIGNATURE));
    }

    #[test]
    fn what_is_no_key_or_signature_is_false_and_no_error() {
        assert!(!ed25519_verify("", b"", ""));
        assert!(!ed25519_verify(KEY, b"\x72", "zz"));
        assert!(!ed25519_verify("00", b"\x72", SIGNATURE));
        assert!(!ed25519_verify(KEY, b"\x72", &SIGNATURE.repeat(800)), "100 KB");
    }

    #[test]
    fn the_example_service_answers_what_discord_sends() {
        Service::open("../../spec-examples/discord", &PLUGIN).check_samples();
    }
}
