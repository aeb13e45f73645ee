//! 128-bit keyed fingerprints of texts that strangers choose: small keys for large in-memory maps.

use std::hash::{BuildHasher as _, BuildHasherDefault, Hash, Hasher, RandomState};
use std::sync::LazyLock;

/// A key that is new at every start, so that nobody can choose texts whose fingerprints collide.
#[derive(Debug, Default)]
pub(crate) struct Fingerprints([RandomState; 2]);

impl Fingerprints {
    /// The fingerprint of a value under this key.
    pub(crate) fn of(&self, value: impl Hash) -> u128 {
        let [high, low] = &self.0;
        u128::from(high.hash_one(&value)) << 64 | u128::from(low.hash_one(&value))
    }
}

/// The mark of a service's user under a key that the whole process shares: by it those who have a uid are found for what is
/// held for it.
pub(crate) fn of_uid(service: &str, uid: &str) -> u128 {
    static KEY: LazyLock<Fingerprints> = LazyLock::new(Fingerprints::default);
    KEY.of((service, uid))
}

/// Hashes fingerprints, which are hashes already, to what they are.
pub(crate) type Unhashed = BuildHasherDefault<AsItIs>;

/// See [`Unhashed`].
#[derive(Debug, Default)]
pub(crate) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u128(&mut self, fingerprint: u128) {
        self.0 = fingerprint as u64;
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("fingerprints are 128-bit numbers");
    }
}
