//! Simulated power cuts: the host's disk is a file system on a loop device that is shut down under it, so that what was not
//! synced never reaches the device.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::{Blow, DiskState};
use crate::wait;

/// Bytes of the device. The file behind it takes only what is written.
const SIZE: u64 = 512 << 20;
/// `ioctl(FS_IOC_SHUTDOWN, FS_SHUTDOWN_FLAGS_NOLOGFLUSH)`, as xfstests does it. Perl, because calling it is not safe Rust.
const SHUT_DOWN: &str = r#"open(my $d, "<", $ARGV[0]) or die "$!"; my $flags = pack("I", 2); ioctl($d, 0x8004587d, $flags) or die "$!""#;

/// An ext4 file system on a loop device, mounted until this is dropped.
pub struct PowerCut {
    place: TempDir,
}

impl PowerCut {
    /// Makes the device and its file system, and tries whether they can be shut down.
    ///
    /// # Errors
    /// When this machine cannot do that: it takes root, loop devices, ext4 and perl.
    pub fn new() -> io::Result<Self> {
        let place = tempfile::tempdir()?;
        fs::create_dir(place.path().join("disk"))?;
        File::create(place.path().join("image"))?.set_len(SIZE)?;
        let mut disk = Self { place };
        run(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(disk.image()))?;
        disk.mount()?;
        disk.strike(&DiskState::default())?;
        disk.recover()?;
        Ok(disk)
    }

    /// Where the file system is mounted.
    pub fn directory(&self) -> PathBuf {
        self.place.path().join("disk")
    }

    fn image(&self) -> PathBuf {
        self.place.path().join("image")
    }

    fn mount(&self) -> io::Result<()> {
        run(Command::new("mount").args(["-t", "ext4", "-o", "loop"]).arg(self.image()).arg(self.directory()))
    }

    /// The kernel may hold a dead process's files a little longer than the process, and whoever has copied all mounts into a
    /// namespace of its own meanwhile holds the file system as it was shut down.
    fn mount_anew(&self) -> io::Result<()> {
        self.unmount()?;
        self.mount()?;
        let probe = self.directory().join("probe");
        File::create(&probe)?.sync_all()?;
        fs::remove_file(probe)
    }

    fn unmount(&self) -> io::Result<()> {
        run(Command::new("umount").arg(self.directory()))
    }
}

impl Blow for PowerCut {
    /// What the test itself has written is there for ever.
    fn begin(&mut self) -> io::Result<()> {
        Ok(rustix::fs::syncfs(File::open(self.directory())?)?)
    }

    fn strike(&mut self, disk: &DiskState) -> io::Result<()> {
        disk.dies();
        run(Command::new("perl").args(["-e", SHUT_DOWN]).arg(self.directory()))?;
        disk.is_gone();
        Ok(())
    }

    fn recover(&mut self) -> io::Result<()> {
        let mut error = None;
        let again = wait::before_deadline(|| self.mount_anew().map_err(|failure| error = Some(failure)).ok());
        again.ok_or_else(|| error.unwrap_or_else(|| io::ErrorKind::TimedOut.into()))
    }
}

impl Drop for PowerCut {
    fn drop(&mut self) {
        // It may never have been mounted.
        let _ = self.unmount();
    }
}

fn run(command: &mut Command) -> io::Result<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    let program = Path::new(command.get_program()).display();
    Err(io::Error::other(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim())))
}
