//! Compiled plugins on disk, so that a restart does not compile again.
//!
//! Compiled code is run as it is read: whoever can write here can do anything the host can. The
//! directory is therefore the host's own (mode 0700), entries are read whole into memory, never
//! mapped, and each begins with the SHA-256 of the rest.

use std::fs::{self, DirBuilder, Permissions};
use std::hash::{Hash, Hasher};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

const SUM: usize = 32;

/// The directory of compiled plugins.
pub(super) struct Cache(PathBuf);

impl Cache {
    /// Opens the directory, made if need be, and closes it to everybody else.
    pub(super) fn open(directory: &Path) -> Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .with_context(|| format!("cannot create {}", directory.display()))?;
        fs::set_permissions(directory, Permissions::from_mode(0o700))
            .with_context(|| format!("cannot make {} private", directory.display()))?;
        Ok(Self(directory.to_owned()))
    }

    /// The compiled form of `wasm`, if it is here and whole, and this engine can run it.
    pub(super) fn find(&self, engine: &Engine, wasm: &[u8]) -> Option<Component> {
        let entry = fs::read(self.path(engine, wasm)).ok()?;
        let (sum, code) = entry.split_at_checked(SUM)?;
        if Sha256::digest(code).as_slice() != sum {
            return None;
        }
        deserialize(engine, code).ok()
    }

    /// Keeps a compiled plugin; written beside and renamed, so that no entry is ever half there.
    pub(super) fn keep(&self, engine: &Engine, wasm: &[u8], component: &Component) -> Result<()> {
        let code = component.serialize().map_err(super::plain)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
        file.write_all(&Sha256::digest(&code))?;
        file.write_all(&code)?;
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

/// Makes compiled code of what [`Cache::keep`] wrote.
#[allow(unsafe_code)]
fn deserialize(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `code` must come from `Component::serialize`, since it is run unchecked. It does: the
    // directory belongs to this host and is closed to others, only `keep` writes there, and the
    // checksum before the code held. It is a copy in memory that nobody can change any more.
    unsafe { Component::deserialize(engine, code) }
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
