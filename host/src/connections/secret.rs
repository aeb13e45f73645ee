//! The secrets by which a receiver knows that a delivery is from us (Standard Webhooks, `whsec_...`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::StoreError;

/// What a symmetric secret begins with (Standard Webhooks, "Signature scheme").
const PREFIX: &str = "whsec_";
/// Bytes of a new key: as many as the hash that it is for.
const KEY_BYTES: usize = 32;
/// Secrets of one hook at one time. Each costs a hash and a part of a header at every delivery.
const AT_ONCE: usize = 5;

/// One of a hook's secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// `whsec_` and the key in base64.
    pub text: String,
    /// When it signs no more, in milliseconds since 1970. `None`: it is the current one.
    pub until_ms: Option<u64>,
}

impl Secret {
    /// A new one, from the operating system's random source.
    pub fn random() -> Self {
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key).expect("the operating system has a random source");
        Self { text: format!("{PREFIX}{}", STANDARD.encode(key)), until_ms: None }
    }

    /// The key that it stands for. `None`: it is no secret.
    pub fn key(&self) -> Option<Vec<u8>> {
        STANDARD.decode(self.text.strip_prefix(PREFIX)?).ok()
    }

    /// Whether it still signs.
    pub fn signs(&self, now_ms: u64) -> bool {
        self.until_ms.is_none_or(|until| now_ms < until)
    }
}

/// The secrets once `new` is the current one; those that still sign go on doing so until `until_ms` at most.
pub(super) fn rotated(secrets: &[Secret], new: Secret, now_ms: u64, until_ms: u64) -> Result<Vec<Secret>, StoreError> {
    let ending =
        |secret: &Secret| Secret { until_ms: Some(secret.until_ms.map_or(until_ms, |until| until.min(until_ms))), ..secret.clone() };
    let earlier = secrets.iter().map(ending).filter(|secret| secret.signs(now_ms));
    let secrets: Vec<_> = std::iter::once(new).chain(earlier).collect();
    match secrets.len() <= AT_ONCE {
        true => Ok(secrets),
        false => Err(StoreError::Invalid("five secrets of this hook are valid already; an overlap of 0s ends the earlier ones")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn secret(text: &str, until_ms: Option<u64>) -> Secret {
        Secret { text: text.into(), until_ms }
    }

    #[test]
    fn a_new_secret_has_a_key_of_its_own() {
        let (one, other) = (Secret::random(), Secret::random());
        assert!(one.text.starts_with("whsec_") && one != other);
        assert_eq!(one.key().map(|key| key.len()), Some(KEY_BYTES));
        assert_eq!(secret("whsec_!", None).key(), None);
    }

    #[test]
    fn earlier_secrets_sign_until_the_overlap_ends_and_never_longer_than_they_were_to() {
        let before = [secret("b", None), secret("a", Some(50)), secret("old", Some(9))];
        let after = rotated(&before, secret("c", None), 10, 100).unwrap();
        assert!(after == [secret("c", None), secret("b", Some(100)), secret("a", Some(50))]);
        assert!(after[1].signs(99) && !after[1].signs(100));
        assert!(rotated(&after, secret("d", None), 10, 10).unwrap() == [secret("d", None)], "no overlap ends all others");
    }

    #[test]
    fn no_more_than_five_are_valid_at_once() {
        let mut secrets = vec![secret("0", None)];
        for number in 1..5 {
            secrets = rotated(&secrets, secret(&number.to_string(), None), 0, 100).unwrap();
        }
        assert!(rotated(&secrets, secret("5", None), 0, 100).is_err());
    }
}
