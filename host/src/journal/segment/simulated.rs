//! A disk whose power can be cut: what was not synced is lost, torn, or written out of order, as dice have it.
//!
//! Files really lie in a directory and are read there, as from a page cache. Beside them stands what the device holds:
//! the content and the names that were synced. A power cut replaces the one by the other, plus any of the sectors and
//! names that were on their way. A sync that fails leaves the cache as it is and calls it clean, as Linux does: no later
//! sync writes what it has lost.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use rustix::io::Errno;

use super::disk::Space;
use super::{Disk, LocalDisk};

const SECTOR: usize = 512;

/// What goes wrong in one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The process is killed in its middle; what was written so far stays in the page cache.
    Kill,
    /// The power is cut in its middle.
    PowerCut,
    /// It fails with EIO, having written a part or nothing.
    InputOutput,
    /// It fails with ENOSPC, having written a part or nothing.
    NoSpace,
    /// It fails with EIO, and the process is killed before it can do anything about that.
    ErrorAndKill,
}

/// A simulated disk. Clones are the same disk.
#[derive(Debug, Clone)]
pub(crate) struct SimulatedDisk(Arc<Mutex<World>>);

#[derive(Debug)]
struct World {
    dice: Dice,
    /// By inode. An open handle keeps the inode from being used again.
    files: HashMap<u64, Kept>,
    /// The names that are on the device.
    names: BTreeMap<PathBuf, u64>,
    /// What was done to names since their directory was synced.
    naming: Vec<Naming>,
    /// What goes wrong, by the name of the log's directory and the operations in it until then.
    armed: Option<(String, u64, Trouble)>,
    /// How often something has gone wrong.
    troubles: u64,
    off: Option<Trouble>,
}

/// One file: what the device holds, and what it has not got yet.
#[derive(Debug)]
struct Kept {
    _open: File,
    device: Vec<u8>,
    waiting: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Write(u64, Vec<u8>),
    Cut(u64),
}

#[derive(Debug, Clone)]
enum Naming {
    Create(PathBuf, u64),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
}

impl SimulatedDisk {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(World {
            dice: Dice(seed),
            files: HashMap::new(),
            names: BTreeMap::new(),
            naming: Vec::new(),
            armed: None,
            troubles: 0,
            off: None,
        })))
    }

    /// Something goes wrong in the operation after the next `after` ones in the directory of this name.
    pub(crate) fn arm(&self, directory: &str, after: u64, trouble: Trouble) {
        self.lock().armed = Some((directory.to_owned(), after, trouble));
    }

    /// From now on nothing goes wrong; true if what was armed never happened.
    pub(crate) fn disarm(&self) -> bool {
        self.lock().armed.take().is_some()
    }

    /// How often something has gone wrong so far.
    pub(crate) fn troubles(&self) -> u64 {
        self.lock().troubles
    }

    /// The process ends at once, or the power does.
    pub(crate) fn strike(&self, trouble: Trouble) {
        self.lock().off = Some(trouble);
    }

    /// Whether the process is dead.
    pub(crate) fn is_off(&self) -> bool {
        self.lock().off.is_some()
    }

    /// A file becomes unreadable, in one byte and for ever, if it is there.
    pub(crate) fn rot(&self, path: &Path) {
        let Ok(file) = File::options().read(true).write(true).open(path) else { return };
        let mut world = self.lock();
        let Kept { device, waiting, .. } = world.kept(&file).unwrap();
        std::mem::take(waiting).iter().for_each(|change| change.happen(device));
        if let Some(byte) = device.last_mut() {
            *byte ^= 1;
        }
        file.write_all_at(device, 0).unwrap();
    }

    /// The machine as the next process finds it.
    pub(crate) fn restart(&self) {
        let mut world = self.lock();
        if world.off.take() == Some(Trouble::PowerCut) {
            world.lose_what_was_not_synced();
        }
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }
}

impl World {
    /// What is to happen to an operation in this directory; an error if the process is dead.
    fn next(&mut self, directory: Option<&Path>) -> io::Result<Option<Trouble>> {
        if self.off.is_some() {
            return Err(io::Error::other("the process is dead"));
        }
        let Some((armed, left, trouble)) = &mut self.armed else { return Ok(None) };
        if directory.and_then(Path::file_name).is_none_or(|name| name != armed.as_str()) {
            return Ok(None);
        }
        if *left > 0 {
            *left -= 1;
            return Ok(None);
        }
        let trouble = *trouble;
        self.armed = None;
        self.troubles += 1;
        if !matches!(trouble, Trouble::InputOutput | Trouble::NoSpace) {
            self.off = Some(trouble);
        }
        Ok(Some(trouble))
    }

    fn directory_of(&self, file: &File) -> io::Result<Option<PathBuf>> {
        let inode = file.metadata()?.ino();
        let created = self.naming.iter().find_map(|naming| match naming {
            Naming::Create(path, created) if *created == inode => Some(path),
            _ => None,
        });
        let known = self.names.iter().find_map(|(path, known)| (*known == inode).then_some(path));
        Ok(created.or(known).and_then(|path| path.parent()).map(Path::to_owned))
    }

    fn kept(&mut self, file: &File) -> io::Result<&mut Kept> {
        let inode = file.metadata()?.ino();
        Ok(self.files.get_mut(&inode).expect("every file was created through the disk"))
    }

    /// Any of a file's waiting changes reach the device, each sector for itself.
    fn write_some(&mut self, inode: u64) {
        let Self { files, dice, .. } = self;
        let kept = files.get_mut(&inode).expect("only called for known files");
        for change in std::mem::take(&mut kept.waiting) {
            change.happen_in_part(&mut kept.device, dice);
        }
    }

    fn lose_what_was_not_synced(&mut self) {
        let directories: Vec<_> = self.directories();
        let inodes: Vec<_> = self.files.keys().copied().collect();
        inodes.into_iter().for_each(|inode| self.write_some(inode));
        for naming in std::mem::take(&mut self.naming) {
            if self.dice.once_in(2) {
                naming.happen(&mut self.names);
            }
        }
        directories.iter().for_each(|directory| empty(directory));
        let files = std::mem::take(&mut self.files);
        for (path, inode) in &mut self.names {
            let device = files[&*inode].device.clone();
            let handle = LocalDisk.create(path, 0).unwrap();
            handle.write_all_at(&device, 0).unwrap();
            *inode = handle.metadata().unwrap().ino();
            self.files.insert(*inode, Kept { _open: handle, device, waiting: Vec::new() });
        }
    }

    fn directories(&self) -> Vec<PathBuf> {
        let created = self.naming.iter().filter_map(|naming| match naming {
            Naming::Create(path, _) => Some(path),
            _ => None,
        });
        let mut directories: Vec<_> = created.chain(self.names.keys()).filter_map(|path| path.parent()).map(Path::to_owned).collect();
        directories.sort();
        directories.dedup();
        directories
    }

    /// Does a write to the page cache, or a part of it, and notes that the device has not got it.
    fn change(&mut self, file: &File, change: Change) -> io::Result<()> {
        change.happen_to(file)?;
        self.kept(file)?.waiting.push(change);
        Ok(())
    }
}

impl Change {
    fn happen_to(&self, file: &File) -> io::Result<()> {
        match self {
            Self::Write(offset, bytes) => file.write_all_at(bytes, *offset),
            Self::Cut(length) => file.set_len(*length),
        }
    }

    fn happen(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write(offset, bytes) => write_at(content, *offset as usize, bytes),
            Self::Cut(length) => content.resize(*length as usize, 0),
        }
    }

    /// Of a write each sector happens or does not; where the file grows, what is between may be anything.
    fn happen_in_part(&self, content: &mut Vec<u8>, dice: &mut Dice) {
        let Self::Write(offset, bytes) = self else {
            if dice.once_in(2) {
                self.happen(content);
            }
            return;
        };
        let (all, none, filling) = (dice.once_in(4), dice.once_in(4), dice.filling());
        let mut at = *offset as usize;
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (sector, behind) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
            if all || !none && dice.once_in(2) {
                let gap = at.saturating_sub(content.len());
                content.extend(std::iter::repeat_n(filling, gap));
                write_at(content, at, sector);
            }
            at += sector.len();
            rest = behind;
        }
    }
}

impl Naming {
    fn happen(self, names: &mut BTreeMap<PathBuf, u64>) {
        match self {
            Self::Create(path, inode) => drop(names.insert(path, inode)),
            Self::Remove(path) => drop(names.remove(&path)),
            Self::Rename(from, to) => {
                if let Some(inode) = names.remove(&from) {
                    names.insert(to, inode);
                }
            }
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Create(path, _) | Self::Remove(path) | Self::Rename(path, _) => path,
        }
    }
}

fn write_at(content: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    content.resize(content.len().max(at + bytes.len()), 0);
    content[at..at + bytes.len()].copy_from_slice(bytes);
}

fn empty(directory: &Path) {
    for entry in fs::read_dir(directory).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
}

fn error(trouble: Trouble) -> io::Error {
    match trouble {
        Trouble::InputOutput | Trouble::ErrorAndKill => Errno::IO.into(),
        Trouble::NoSpace => Errno::NOSPC.into(),
        Trouble::Kill | Trouble::PowerCut => io::Error::other("the process died in this operation"),
    }
}

impl Disk for SimulatedDisk {
    fn create(&self, path: &Path, reserve: u64) -> io::Result<File> {
        let mut world = self.lock();
        let trouble = world.next(path.parent())?;
        if trouble.is_some_and(|trouble| trouble == Trouble::InputOutput || world.dice.once_in(2)) {
            return Err(error(trouble.unwrap_or(Trouble::InputOutput)));
        }
        let handle = LocalDisk.create(path, reserve)?;
        let inode = handle.metadata()?.ino();
        world.naming.push(Naming::Create(path.to_owned(), inode));
        match world.files.get_mut(&inode) {
            Some(emptied) => emptied.waiting.push(Change::Cut(0)),
            None => drop(world.files.insert(inode, Kept { _open: handle.try_clone()?, device: Vec::new(), waiting: Vec::new() })),
        }
        trouble.map_or(Ok(handle), |trouble| Err(error(trouble)))
    }

    fn write(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut world = self.lock();
        let directory = world.directory_of(file)?;
        let Some(trouble) = world.next(directory.as_deref())? else {
            return world.change(file, Change::Write(offset, bytes.to_vec()));
        };
        let written = world.dice.below(bytes.len() as u64 + 1) as usize;
        world.change(file, Change::Write(offset, bytes[..written].to_vec()))?;
        Err(error(trouble))
    }

    fn cut(&self, file: &File, length: u64) -> io::Result<()> {
        let mut world = self.lock();
        let directory = world.directory_of(file)?;
        match world.next(directory.as_deref())? {
            Some(trouble) if world.dice.once_in(2) => Err(error(trouble)),
            trouble => {
                world.change(file, Change::Cut(length))?;
                trouble.map_or(Ok(()), |trouble| Err(error(trouble)))
            }
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut world = self.lock();
        match world.next(from.parent())? {
            Some(trouble) if world.dice.once_in(2) => Err(error(trouble)),
            trouble => {
                LocalDisk.rename(from, to)?;
                world.naming.push(Naming::Rename(from.to_owned(), to.to_owned()));
                trouble.map_or(Ok(()), |trouble| Err(error(trouble)))
            }
        }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut world = self.lock();
        match world.next(path.parent())? {
            Some(trouble) if world.dice.once_in(2) => Err(error(trouble)),
            trouble => {
                LocalDisk.remove(path)?;
                world.naming.push(Naming::Remove(path.to_owned()));
                trouble.map_or(Ok(()), |trouble| Err(error(trouble)))
            }
        }
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        let mut world = self.lock();
        let directory = world.directory_of(file)?;
        let trouble = world.next(directory.as_deref())?;
        match trouble {
            // What it does not write is lost, and from now on nobody knows that it was to be written.
            Some(Trouble::InputOutput | Trouble::NoSpace | Trouble::ErrorAndKill) => world.write_some(file.metadata()?.ino()),
            Some(Trouble::Kill | Trouble::PowerCut) if world.dice.once_in(2) => {}
            _ => {
                let kept = world.kept(file)?;
                std::mem::take(&mut kept.waiting).iter().for_each(|change| change.happen(&mut kept.device));
            }
        }
        trouble.map_or(Ok(()), |trouble| Err(error(trouble)))
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        let mut world = self.lock();
        let trouble = world.next(Some(directory))?;
        if trouble.is_none() || world.dice.once_in(2) {
            let here = |naming: &Naming| naming.path().parent() == Some(directory);
            let (synced, waiting) = std::mem::take(&mut world.naming).into_iter().partition(here);
            world.naming = waiting;
            let synced: Vec<Naming> = synced;
            synced.into_iter().for_each(|naming| naming.happen(&mut world.names));
        }
        trouble.map_or(Ok(()), |trouble| Err(error(trouble)))
    }

    fn space(&self, _directory: &Path) -> io::Result<Space> {
        Ok(Space { free: 1 << 40, total: 1 << 40 })
    }
}

/// Chance that can be repeated (SplitMix64).
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.throw() % limit
    }

    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// What a sector holds that was never written: mostly nothing.
    fn filling(&mut self) -> u8 {
        if self.once_in(3) { self.below(256) as u8 } else { 0 }
    }
}
