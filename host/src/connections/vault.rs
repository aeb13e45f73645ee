//! Encryption of definitions at rest: XChaCha20-Poly1305 with a random nonce each.
//!
//! Journal and store hold what the vault makes of a definition's JSON. A definition's name is part of what is authenticated,
//! so that no record can stand in for another. The file `KEY` beside them holds no key but what tells the right one: a short
//! text encrypted with it. It is looked at before anything else, so that a wrong key changes nothing.

use std::borrow::Cow;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};

use super::record::Write;
use crate::data_directory::write_durably;
use crate::key_file::Key;

/// What an encrypted definition begins with; JSON never does.
const MARK: u8 = 1;
const NONCE_BYTES: usize = 24;
/// What is authenticated before the name, so that nothing else that is ever encrypted with the key can be taken for a record.
const DOMAIN: &str = "hookwright connections 1\0";
/// The name under which the check is encrypted. No definition has it.
const CHECK: &str = "check";
/// The check of a directory that may still have definitions from before it was encrypted.
const MIXED: &[u8] = b"mixed";
/// The check of a directory in which everything is encrypted.
const SEALED: &[u8] = b"sealed";

/// The name of the file with the check.
const CHECK_FILE: &str = "KEY";

/// Whether a directory of connections is encrypted.
pub(super) fn is_there(directory: &Path) -> bool {
    directory.join(CHECK_FILE).exists()
}

/// Whether a directory of connections is encrypted with this key.
pub(super) fn is_sealed_with(directory: &Path, key: &Key) -> anyhow::Result<bool> {
    let sealed = Check(directory.join(CHECK_FILE)).read()?;
    Ok(sealed.is_some_and(|sealed| unseal(&cipher(key), CHECK, &sealed).is_some()))
}

/// What definitions pass through on their way to the disk and back.
pub(super) struct Vault {
    cipher: Option<XChaCha20Poly1305>,
    /// Whether a definition that is not encrypted is taken.
    takes_plain: bool,
}

/// Where a directory keeps what tells the right key.
struct Check(PathBuf);

impl Vault {
    /// A vault that changes nothing.
    pub(super) fn plain() -> Self {
        Self { cipher: None, takes_plain: true }
    }

    /// The vault of a directory of connections. Changes nothing unless the key is right, and then only to note a new one.
    pub(super) fn open(directory: &Path, key: Option<&Key>, is_new: bool) -> anyhow::Result<Self> {
        let check = Check(directory.join(CHECK_FILE));
        match (check.read()?, key) {
            (None, None) => Ok(Self::plain()),
            (Some(_), None) => bail!("the connections are encrypted; name the file with their key with --key-file"),
            (Some(sealed), Some(key)) => {
                let cipher = cipher(key);
                let known =
                    unseal(&cipher, CHECK, &sealed).context("the connections are encrypted with another key than that of --key-file")?;
                Ok(Self { cipher: Some(cipher), takes_plain: known == MIXED })
            }
            (None, Some(key)) => {
                let cipher = cipher(key);
                check.write(&seal(&cipher, CHECK, if is_new { SEALED } else { MIXED }))?;
                Ok(Self { cipher: Some(cipher), takes_plain: !is_new })
            }
        }
    }

    /// Notes the key in another directory, where everything is encrypted from the beginning.
    pub(super) fn begin(&self, directory: &Path) -> anyhow::Result<()> {
        let Some(cipher) = &self.cipher else { return Ok(()) };
        Check(directory.join(CHECK_FILE)).write(&seal(cipher, CHECK, SEALED))
    }

    /// Whether what goes to the disk is encrypted.
    pub(super) fn encrypts(&self) -> bool {
        self.cipher.is_some()
    }

    /// A definition as it goes to the disk.
    pub(super) fn seal(&self, write: Write) -> Write {
        let Some(cipher) = &self.cipher else { return write };
        let json = write.json.map(|json| seal(cipher, &write.key, &json));
        Write { json, ..write }
    }

    /// A definition's JSON as it came from the disk.
    pub(super) fn unseal<'b>(&self, name: &str, bytes: &'b [u8]) -> anyhow::Result<Cow<'b, [u8]>> {
        match (&self.cipher, bytes.first()) {
            (Some(cipher), Some(&MARK)) => unseal(cipher, name, bytes)
                .map(Cow::Owned)
                .with_context(|| format!("{name} cannot be decrypted: it was changed or is another's")),
            (None, Some(&MARK)) => bail!("{name} is encrypted; name the file with its key with --key-file"),
            _ if self.takes_plain => Ok(Cow::Borrowed(bytes)),
            _ => bail!("{name} is not encrypted, though everything here has to be"),
        }
    }
}

/// Without the key.
impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("encrypts", &self.cipher.is_some()).finish_non_exhaustive()
    }
}

impl Check {
    fn read(&self) -> anyhow::Result<Option<Vec<u8>>> {
        match fs::read_to_string(&self.0) {
            Ok(text) => Ok(Some(STANDARD.decode(text.trim()).with_context(|| format!("{} is damaged", self.0.display()))?)),
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", self.0.display())),
        }
    }

    fn write(&self, sealed: &[u8]) -> anyhow::Result<()> {
        write_durably(&self.0, &format!("{}\n", STANDARD.encode(sealed))).with_context(|| format!("cannot write {}", self.0.display()))
    }
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.bytes().into())
}

/// `mark u8 | nonce 24 | ciphertext with its tag`.
fn seal(cipher: &XChaCha20Poly1305, name: &str, plain: &[u8]) -> Vec<u8> {
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce).expect("the operating system has a random source");
    let name = format!("{DOMAIN}{name}");
    let payload = Payload { msg: plain, aad: name.as_bytes() };
    let sealed = cipher.encrypt(&nonce.into(), payload).expect("a definition is shorter than what one nonce is good for");
    [&[MARK][..], &nonce, &sealed].concat()
}

/// `None`: it was encrypted with another key, under another name, or was changed.
fn unseal(cipher: &XChaCha20Poly1305, name: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.strip_prefix(&[MARK])?.split_first_chunk::<NONCE_BYTES>()?;
    let name = format!("{DOMAIN}{name}");
    cipher.decrypt(nonce.into(), Payload { msg: sealed, aad: name.as_bytes() }).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn sealed(vault: &Vault, name: &str) -> Vec<u8> {
        vault.seal(Write { key: name.into(), json: Some(b"{\"a\":1}".to_vec()) }).json.unwrap()
    }

    #[test]
    fn a_definition_is_read_under_its_own_name_only_and_only_unchanged() {
        let root = tempfile::tempdir().unwrap();
        let vault = Vault::open(root.path(), Some(&Key::random()), true).unwrap();
        let bytes = sealed(&vault, "hook/a");
        assert_eq!(&*vault.unseal("hook/a", &bytes).unwrap(), b"{\"a\":1}");
        assert_ne!(bytes, sealed(&vault, "hook/a"), "every nonce is new");
        assert!(vault.unseal("hook/b", &bytes).is_err() && vault.unseal("connection/a", &bytes).is_err());
        for at in 1..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(vault.unseal("hook/a", &changed).is_err(), "byte {at}");
        }
        assert!(vault.unseal("hook/a", &bytes[..20]).is_err());
    }

    #[test]
    fn only_the_right_key_opens_a_vault_and_a_wrong_one_changes_nothing() {
        let root = tempfile::tempdir().unwrap();
        let key = Key::random();
        Vault::open(root.path(), Some(&key), true).unwrap();
        let before = fs::read(root.path().join("KEY")).unwrap();
        let message = |key: Option<&Key>| Vault::open(root.path(), key, false).err().unwrap().to_string();
        assert!(message(None).contains("name the file with their key with --key-file"));
        assert!(message(Some(&Key::random())).contains("another key than that of --key-file"));
        assert_eq!(fs::read(root.path().join("KEY")).unwrap(), before);
        assert!(Vault::open(root.path(), Some(&key), false).is_ok());
    }

    #[test]
    fn what_is_not_encrypted_is_taken_only_where_there_were_definitions_before() {
        let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let key = Key::random();
        for _ in 0..2 {
            let mixed = Vault::open(old.path(), Some(&key), false).unwrap();
            assert_eq!(&*mixed.unseal("hook/a", b"{}").unwrap(), b"{}");
            let strict = Vault::open(new.path(), Some(&key), true).unwrap();
            assert!(strict.unseal("hook/a", b"{}").is_err());
        }
        let bytes = sealed(&Vault::open(old.path(), Some(&key), false).unwrap(), "hook/a");
        assert!(Vault::plain().unseal("hook/a", &bytes).unwrap_err().to_string().contains("is encrypted"));
    }
}
