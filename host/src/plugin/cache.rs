//! Compiled plugins on disk, so that a restart does not compile again.
//!
//! Compiled code is run as it is read: whoever can write here can do anything the host can. The directory is therefore
//! made for the host alone (mode 0700), and nothing in it is believed unless both directory and entry are the host's own
//! and nobody else may write to them. Entries are read whole into memory, never mapped, and each begins with the SHA-256
//! of the rest.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use rustix::fs::OFlags;
use sha2::{Digest, Sha256};
use tracing::warn;
use wasmtime::Engine;

use super::native_code::NativeCode;

const SUM: usize = 32;

/// The directory of compiled plugins.
pub(super) struct Cache(PathBuf);

impl Cache {
    /// Opens the directory, made if need be. One that others can write to, or could have made, is an error: what is in it
    /// may be theirs, and closing it now would not change that.
    pub(super) fn open(directory: &Path) -> Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .with_context(|| format!("cannot create {}", directory.display()))?;
        let cache = Self(directory.to_owned());
        cache.check()?;
        Ok(cache)
    }

    /// Whether the directory is still the host's alone.
    fn check(&self) -> Result<()> {
        let directory = self.0.display();
        let metadata = fs::symlink_metadata(&self.0).with_context(|| format!("cannot look at {directory}"))?;
        ensure!(metadata.is_dir(), "{directory} is not a directory");
        ensure!(is_ours_alone(&metadata), "others can write to {directory}, which compiled plugins are run from: remove it");
        Ok(())
    }

    /// The compiled form of `wasm` for this engine, if it is here and whole, and nobody else can have written it.
    pub(super) fn find(&self, engine: &Engine, wasm: &[u8]) -> Option<NativeCode> {
        self.check().ok()?;
        let mut entry = read(&self.path(engine, wasm))?;
        let (sum, code) = entry.split_at_checked(SUM)?;
        if Sha256::digest(code).as_slice() != sum {
            return None;
        }
        entry.drain(..SUM);
        Some(NativeCode::trusted(entry))
    }

    /// Keeps a compiled plugin; written beside and renamed, so that no entry is ever half there.
    pub(super) fn keep(&self, engine: &Engine, wasm: &[u8], code: &NativeCode) -> Result<()> {
        self.check()?;
        let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
        file.write_all(&Sha256::digest(code.as_bytes()))?;
        file.write_all(code.as_bytes())?;
        file.persist(self.path(engine, wasm))?;
        Ok(())
    }

    /// Named by what was compiled and by everything that the result depends on.
    fn path(&self, engine: &Engine, wasm: &[u8]) -> PathBuf {
        let mut key = HashToDigest(Sha256::new_with_prefix(wasm));
        engine.precompile_compatibility_hash().hash(&mut key);
        self.0.join(format!("{}.cwasm", hex::encode(key.0.finalize())))
    }
}

/// An entry, unless somebody else can have written it. It is the open file that is asked, not its name, which may be given
/// to another file meanwhile.
fn read(path: &Path) -> Option<Vec<u8>> {
    let no_link = OFlags::NOFOLLOW.bits().cast_signed();
    let mut file: File = OpenOptions::new().read(true).custom_flags(no_link).open(path).ok()?;
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() || !is_ours_alone(&metadata) {
        warn!(file = %path.display(), "a compiled plugin that others can write to is not used");
        return None;
    }
    let mut entry = Vec::new();
    file.read_to_end(&mut entry).ok()?;
    Some(entry)
}

/// Whether something belongs to the host's own user, and nobody else may write to it.
fn is_ours_alone(metadata: &Metadata) -> bool {
    const OTHERS_WRITE: u32 = 0o022;
    metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & OTHERS_WRITE == 0
}

/// Feeds a [`Hash`] to SHA-256.
struct HashToDigest(Sha256);

impl Hasher for HashToDigest {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        unreachable!("the digest is taken whole")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    /// The smallest component: a header and nothing else.
    const WASM: &[u8] = b"\0asm\x0d\0\x01\0";

    fn kept() -> (tempfile::TempDir, Cache, Engine, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::open(&root.path().join("plugins")).unwrap();
        let engine = Engine::default();
        cache.keep(&engine, WASM, &NativeCode::compile(&engine, WASM).unwrap()).unwrap();
        let entry = cache.path(&engine, WASM);
        (root, cache, engine, entry)
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_was_kept_is_found_and_closed_to_others() {
        let (_root, cache, engine, entry) = kept();
        assert!(cache.find(&engine, WASM).is_some());
        assert_eq!(fs::metadata(&cache.0).unwrap().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(entry).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn an_entry_that_others_can_write_to_is_not_believed() {
        let (_root, cache, engine, entry) = kept();
        for (mode, believed) in [(0o620, false), (0o602, false), (0o644, true)] {
            set_mode(&entry, mode);
            assert_eq!(cache.find(&engine, WASM).is_some(), believed, "{mode:o}");
        }
    }

    #[test]
    fn nothing_is_believed_in_a_directory_that_others_can_write_to() {
        let (_root, cache, engine, _) = kept();
        for (mode, believed) in [(0o770, false), (0o707, false), (0o1777, false), (0o755, true)] {
            set_mode(&cache.0, mode);
            assert_eq!(cache.find(&engine, WASM).is_some(), believed, "{mode:o}");
            assert_eq!(Cache::open(&cache.0).is_ok(), believed, "opening does not mend {mode:o}: what is in it may be anybody's");
        }
    }

    #[test]
    fn a_link_is_not_followed() {
        let (root, cache, engine, entry) = kept();
        let elsewhere = root.path().join("elsewhere");
        fs::rename(&entry, &elsewhere).unwrap();
        symlink(&elsewhere, &entry).unwrap();
        assert!(cache.find(&engine, WASM).is_none());
        let link = root.path().join("link");
        symlink(&cache.0, &link).unwrap();
        assert!(Cache::open(&link).is_err());
    }
}
