//! Which files bundles may be appended to: never the host's own, and where that is wanted from afar, only those in directories
//! that the operator has named.
//!
//! A path is judged by where it leads, through symbolic links and `..`, whether the file is there already or not; a directory by
//! what it is, by whatever path it is reached.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf, absolute};
use std::sync::Arc;

/// Links that a path may lead through, as Linux has it.
const MOST_LINKS: usize = 40;

/// Judges files. The default lets all through, but none that is wanted from afar.
#[derive(Debug, Clone, Default)]
pub struct FileGuard(Arc<Places>);

#[derive(Debug, Default)]
struct Places {
    data: Option<PathBuf>,
    services: Vec<PathBuf>,
    from_afar: Vec<PathBuf>,
}

/// Why bundles are not appended to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ForbiddenFile {
    /// It is in the data directory.
    Data(PathBuf),
    /// It is in a directory of services.
    Services(PathBuf),
    /// It is wanted from afar, and in no directory that is named for that.
    Afar(PathBuf),
}

impl FileGuard {
    /// One that keeps bundles out of a data directory and directories of services, and lets only what is below `from_afar`
    /// through from afar.
    pub fn new(data: &Path, services: &[PathBuf], from_afar: Vec<PathBuf>) -> Self {
        Self(Arc::new(Places { data: Some(data.to_owned()), services: services.to_vec(), from_afar }))
    }

    /// Whether bundles may be appended to a file at all.
    pub(crate) fn check(&self, file: &Path) -> Result<(), ForbiddenFile> {
        let above: HashSet<_> = places(file).iter().flat_map(|place| place.ancestors()).filter_map(identity).collect();
        let is_in = |directory: &Path| identity(directory).is_some_and(|directory| above.contains(&directory));
        if self.0.data.as_deref().is_some_and(is_in) {
            return Err(ForbiddenFile::Data(file.to_owned()));
        }
        match self.0.services.iter().any(|root| is_in(root) || linked(root).any(|service| is_in(&service))) {
            true => Err(ForbiddenFile::Services(file.to_owned())),
            false => Ok(()),
        }
    }

    /// Whether somebody from afar may have bundles appended to it.
    pub(crate) fn check_from_afar(&self, file: &Path) -> Result<(), ForbiddenFile> {
        let allowed: HashSet<_> = self.0.from_afar.iter().filter_map(|directory| identity(directory)).collect();
        let is_allowed = |place: &PathBuf| place.ancestors().skip(1).filter_map(identity).any(|above| allowed.contains(&above));
        match places(file).iter().all(is_allowed) {
            true => self.check(file),
            false => Err(ForbiddenFile::Afar(file.to_owned())),
        }
    }
}

impl ForbiddenFile {
    /// What to do about it.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Data(_) | Self::Services(_) => "choose a file elsewhere",
            Self::Afar(_) => {
                "start the server with `--file-destinations DIR`, or set HOOKWRIGHT_FILE_DESTINATIONS, to let files below DIR \
                 through; or use the `hookwright` command on the server's machine"
            }
        }
    }
}

impl fmt::Display for ForbiddenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(file) => write!(f, "{} is in the host's data directory, where only its own files are", file.display()),
            Self::Services(file) => write!(f, "{} is in a directory of services, where no bundles are to be", file.display()),
            Self::Afar(file) => {
                write!(f, "{} is in no directory that `serve --file-destinations` opens for files from afar", file.display())
            }
        }
    }
}

impl std::error::Error for ForbiddenFile {}

/// Where a file is written to, and where its name is, which is what a rotation changes: both are one but for a link.
fn places(file: &Path) -> [PathBuf; 2] {
    let file = absolute(file).unwrap_or_else(|_| file.to_owned());
    let named = match (file.parent(), file.file_name()) {
        (Some(directory), Some(name)) => resolved(directory).join(name),
        _ => file.clone(),
    };
    [resolved(&file), named]
}

/// Where a path leads. What is not there is taken as it stands.
fn resolved(path: &Path) -> PathBuf {
    let (mut place, mut links) = (PathBuf::from("/"), 0);
    let mut ahead: Vec<OsString> = Vec::new();
    push(&mut ahead, path);
    while let Some(name) = ahead.pop() {
        match Path::new(&name).components().next() {
            Some(Component::ParentDir) => drop(place.pop()),
            Some(Component::RootDir) => place = "/".into(),
            Some(Component::Normal(name)) => match fs::read_link(place.join(name)) {
                Ok(target) if links < MOST_LINKS => {
                    links += 1;
                    push(&mut ahead, &target);
                }
                _ => place.push(name),
            },
            _ => {}
        }
    }
    place
}

/// Puts the parts of a path before those that are still ahead.
fn push(ahead: &mut Vec<OsString>, path: &Path) {
    ahead.extend(path.components().rev().map(|part| part.as_os_str().to_owned()));
}

/// The services of a directory that are links to somewhere else.
fn linked(services: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(services).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink())).map(|entry| entry.path())
}

/// What a file or directory is, whatever it is called.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let of = |metadata: Metadata| (metadata.dev(), metadata.ino());
    fs::metadata(path).ok().map(of)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// `data`, `services` with `shop` and a link to `elsewhere/linked`, and `out`, which is open from afar.
    struct World {
        root: tempfile::TempDir,
        guard: FileGuard,
    }

    impl World {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            for directory in ["data/journal", "services/shop", "elsewhere/linked", "out/deeper"] {
                fs::create_dir_all(root.path().join(directory)).unwrap();
            }
            symlink(root.path().join("elsewhere/linked"), root.path().join("services/linked")).unwrap();
            let at = |name: &str| root.path().join(name);
            let guard = FileGuard::new(&at("data"), &[at("services")], vec![at("out")]);
            Self { root, guard }
        }

        fn at(&self, name: &str) -> PathBuf {
            self.root.path().join(name)
        }

        fn link(&self, target: &str, name: &str) {
            symlink(target, self.at(name)).unwrap();
        }
    }

    #[test]
    fn the_hosts_own_files_are_written_to_by_no_path_that_leads_there() {
        let world = World::new();
        world.link("../data", "out/to-data");
        world.link("../data/new.json", "out/dangling");
        world.link("/tmp", "data/away");
        for path in [
            "data/tokens.json",
            "data/missing/x",
            "data/a/../tokens.json",
            "out/../data/tokens.json",
            "missing/../data/x",
            "out/to-data/tokens.json",
            "out/to-data/journal/x",
            "out/dangling",
            "data/away",
        ] {
            assert!(matches!(world.guard.check(&world.at(path)), Err(ForbiddenFile::Data(_))), "{path}");
            assert!(world.guard.check_from_afar(&world.at(path)).is_err(), "{path}");
        }
        for path in ["services/common.json", "services/shop/webhook.json", "elsewhere/linked/common.json"] {
            assert!(matches!(world.guard.check(&world.at(path)), Err(ForbiddenFile::Services(_))), "{path}");
        }
        for path in ["elsewhere/x", "out/x", "data.jsonl", "out/deeper/missing/x", "data/../x", "data/away/x"] {
            assert_eq!(world.guard.check(&world.at(path)), Ok(()), "{path}");
        }
    }

    #[test]
    fn from_afar_only_what_is_below_a_named_directory_is_written_to() {
        let world = World::new();
        world.link("../elsewhere", "out/to-elsewhere");
        world.link("../elsewhere/x", "out/x-elsewhere");
        world.link("../out/x", "elsewhere/x-out");
        for path in ["out/x", "out/deeper/x", "out/missing/x", "elsewhere/../out/x"] {
            assert_eq!(world.guard.check_from_afar(&world.at(path)), Ok(()), "{path}");
        }
        for path in ["x", "out", "out/../x", "out.jsonl", "elsewhere/x", "out/to-elsewhere/x", "out/x-elsewhere", "elsewhere/x-out"] {
            let refused = ForbiddenFile::Afar(world.at(path));
            assert_eq!(world.guard.check_from_afar(&world.at(path)), Err(refused), "{path}");
        }
        assert!(FileGuard::default().check_from_afar(&world.at("out/x")).is_err(), "none is named");
    }

    #[test]
    fn links_in_a_circle_have_an_end() {
        let world = World::new();
        world.link("b", "out/a");
        world.link("a", "out/b");
        assert_eq!(world.guard.check(&world.at("out/a")), Ok(()), "opening it fails by itself");
    }
}
