//! The log against broken files and failing disks.

#![allow(clippy::unwrap_used)]

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use bytes::Bytes;
use tempfile::TempDir;

use super::disk::Space;
use super::failing::{FailingDisk, Faults};
use super::simulated::{SimulatedDisk, Trouble};
use super::*;
use crate::journal::JournalError;

/// Three records of 100 bytes fill a segment.
const SMALL: Sizes = Sizes { segment: 400, large: 1000, commit_records: 4, commit_bytes: 10_000 };

fn entry(text: &str) -> Entry {
    Entry { kind: 7, head: text.as_bytes().to_vec(), blobs: Vec::new() }
}

/// A record of 100 bytes in all.
fn padded(number: u64) -> Entry {
    entry(&format!("{number:079}"))
}

fn open_at(directory: &Path) -> Opened<LocalDisk> {
    super::open(directory, SMALL, LocalDisk, |_| Ok(())).unwrap()
}

fn append(writer: &mut Writer<impl Disk>, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        assert_eq!(writer.append(&[padded(number)]), Ok(number));
    }
}

/// Opens the log and returns the numbers of all records, having checked their content.
fn numbers(directory: &Path) -> Vec<u64> {
    let mut visited = Vec::new();
    let opened = super::open(directory, SMALL, LocalDisk, |record| {
        visited.push(record);
        Ok(())
    });
    let scanned: Vec<_> = opened.unwrap().writer.index().scan(0).map(Result::unwrap).collect();
    assert_eq!(scanned, visited);
    assert!(scanned.iter().all(|record| record.payload == padded(record.seq).head && record.kind == 7));
    scanned.iter().map(|record| record.seq).collect()
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn flip(path: &Path, at: u64) {
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 1], at).unwrap();
}

fn log_of(records: u64) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    append(&mut open_at(directory.path()).writer, 1..=records);
    directory
}

#[test]
fn reopening_keeps_the_order_and_goes_on_counting() {
    let directory = log_of(8);
    assert_eq!(files(directory.path()).len(), 3);
    append(&mut open_at(directory.path()).writer, 9..=11);
    assert_eq!(numbers(directory.path()), (1..=11).collect::<Vec<_>>());
}

#[test]
fn a_batch_is_numbered_in_its_order_and_its_parts_are_joined() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = open_at(directory.path()).writer;
    let shared = Entry { kind: 2, head: b"a".to_vec(), blobs: vec![Bytes::from_static(b"bc"), Bytes::from_static(b"d")] };
    assert_eq!(writer.append(&[entry("one"), shared, entry("")]), Ok(1));
    let payload = |seq| writer.index().read(seq).unwrap().unwrap().payload;
    assert_eq!([payload(1), payload(2), payload(3)], [&b"one"[..], b"abcd", b""]);
    assert_eq!(writer.index().read(4).unwrap(), None);
    assert_eq!(writer.index().read(0).unwrap(), None);
}

#[test]
fn a_log_torn_at_any_byte_of_its_last_record_loses_that_record_only() {
    let directory = log_of(5);
    let last = files(directory.path()).pop().unwrap();
    let whole = fs::read(&last).unwrap();
    for length in whole.len() - 100..whole.len() {
        fs::write(&last, &whole[..length]).unwrap();
        let mut opened = open_at(directory.path());
        assert_eq!(opened.recovery.torn_bytes, (length + 100 - whole.len()) as u64);
        assert_eq!(opened.recovery.damage, []);
        append(&mut opened.writer, 5..=5);
        drop(opened);
        assert_eq!(numbers(directory.path()), [1, 2, 3, 4, 5]);
    }
}

#[test]
fn a_log_with_any_byte_of_its_last_record_changed_loses_that_record_only() {
    let directory = log_of(5);
    let last = files(directory.path()).pop().unwrap();
    let whole = fs::read(&last).unwrap();
    for at in whole.len() - 100..whole.len() {
        fs::write(&last, &whole).unwrap();
        flip(&last, at as u64);
        assert_eq!(open_at(directory.path()).recovery.torn_bytes, 100, "byte {at}");
        assert_eq!(numbers(directory.path()), [1, 2, 3, 4]);
    }
}

#[test]
fn a_changed_byte_in_an_earlier_segment_is_reported_and_costs_one_record() {
    let directory = log_of(8);
    let first = files(directory.path()).remove(0);
    for at in 32 + 100..32 + 200 {
        flip(&first, at);
        let Recovery { records, torn_bytes, damage } = open_at(directory.path()).recovery;
        assert_eq!((records, torn_bytes), (7, 0), "byte {at}");
        assert_eq!(damage, [Damage { path: first.clone(), bytes: 132..232, lost: 2..3 }]);
        assert_eq!(fs::read(damage[0].set_aside()).unwrap(), fs::read(&first).unwrap()[132..232]);
        assert_eq!(numbers(directory.path()), [1, 3, 4, 5, 6, 7, 8]);
        fs::remove_file(damage[0].set_aside()).unwrap();
        flip(&first, at);
    }
}

#[test]
fn damage_at_the_end_of_an_earlier_segment_is_reported_not_cut() {
    let directory = log_of(8);
    let first = files(directory.path()).remove(0);
    flip(&first, 32 + 250);
    let damage = open_at(directory.path()).recovery.damage;
    assert_eq!(damage, [Damage { path: first.clone(), bytes: 232..332, lost: 3..4 }]);
    assert_eq!(fs::metadata(&first).unwrap().len(), 332);
}

#[test]
fn bytes_behind_the_last_record_of_an_earlier_segment_are_cut_if_no_record_is_missing() {
    let directory = log_of(8);
    let first = files(directory.path()).remove(0);
    OpenOptions::new().write(true).open(&first).unwrap().write_all_at(&[0], 332).unwrap();
    let recovery = open_at(directory.path()).recovery;
    assert_eq!((recovery.torn_bytes, recovery.damage), (1, vec![]));
    assert_eq!(fs::metadata(&first).unwrap().len(), 332);
}

#[test]
fn damage_in_the_newest_segment_before_whole_records_is_reported_not_cut() {
    let directory = log_of(3);
    flip(&files(directory.path())[0], 40);
    let mut opened = open_at(directory.path());
    assert_eq!(opened.recovery.damage.len(), 1);
    append(&mut opened.writer, 4..=4);
    drop(opened);
    assert_eq!(numbers(directory.path()), [2, 3, 4]);
}

#[test]
fn a_segment_with_a_damaged_header_is_set_aside_whole() {
    let directory = log_of(8);
    let first = files(directory.path()).remove(0);
    flip(&first, 9);
    let recovery = open_at(directory.path()).recovery;
    assert_eq!(recovery.damage, [Damage { path: first.clone(), bytes: 0..332, lost: 1..4 }]);
    assert!(first.with_extension("damaged").exists());
    assert_eq!(numbers(directory.path()), [4, 5, 6, 7, 8]);
}

#[test]
fn a_segment_that_was_only_being_created_is_created_again() {
    let directory = log_of(3);
    for length in 0..=32 {
        fs::write(directory.path().join("00000000000000000004.segment"), vec![0; length]).unwrap();
        let mut opened = open_at(directory.path());
        assert_eq!(opened.recovery.damage, []);
        append(&mut opened.writer, 4..=4);
        drop(opened);
        assert_eq!(numbers(directory.path()), [1, 2, 3, 4]);
        fs::remove_file(directory.path().join("00000000000000000004.segment")).unwrap();
    }
}

#[test]
fn bytes_of_another_segment_are_never_taken_for_a_record() {
    let (directory, other) = (log_of(1), log_of(2));
    let foreign = fs::read(&files(other.path())[0]).unwrap();
    let newest = files(directory.path()).remove(0);
    let mut bytes = fs::read(&newest).unwrap();
    bytes.extend_from_slice(&foreign[132..]);
    fs::write(&newest, bytes).unwrap();
    assert_eq!(open_at(directory.path()).recovery.torn_bytes, 100);
    assert_eq!(numbers(directory.path()), [1]);
}

#[test]
fn a_large_record_lies_in_a_segment_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = open_at(directory.path()).writer;
    append(&mut writer, 1..=1);
    let body = Bytes::from(vec![b'x'; 600_000]);
    let large = Entry { kind: 1, head: b"head".to_vec(), blobs: vec![body, Bytes::from_static(b"tail")] };
    assert_eq!(writer.append(&[large]), Ok(2));
    append(&mut writer, 3..=3);
    let payload = writer.index().read(2).unwrap().unwrap().payload;
    assert_eq!((payload.len(), &payload[..5], &payload[600_003..]), (600_008, &b"headx"[..], &b"xtail"[..]));
    let firsts: Vec<_> = files(directory.path()).iter().map(|path| header::first_of(path).unwrap()).collect();
    assert_eq!(firsts, [1, 2, 3]);
}

#[test]
fn a_full_segment_gives_back_what_it_reserved() {
    use std::os::unix::fs::MetadataExt as _;
    let directory = tempfile::tempdir().unwrap();
    let sizes = Sizes { segment: 1 << 20, ..Sizes::default() };
    let mut writer = super::open(directory.path(), sizes, LocalDisk, |_| Ok(())).unwrap().writer;
    let half = || Entry { head: vec![0; 600_000], ..Entry::default() };
    writer.append(&[half()]).unwrap();
    let first = files(directory.path()).remove(0);
    assert!(fs::metadata(&first).unwrap().blocks() * 512 >= 1 << 20, "reserved while it is written");
    writer.append(&[half()]).unwrap();
    assert!(fs::metadata(&first).unwrap().blocks() * 512 < 700_000, "given back when it is full");
}

#[test]
fn a_failed_sync_refuses_the_batch_and_the_log_goes_on_in_a_new_segment() {
    let (directory, disk) = (log_of(1), FailingDisk::default());
    let mut writer = super::open(directory.path(), SMALL, disk.clone(), |_| Ok(())).unwrap().writer;
    disk.set(Faults { sync_fails: true, ..Faults::default() });
    for number in 2..5 {
        assert!(matches!(writer.append(&[padded(number)]), Err(JournalError::Failed(_))));
    }
    disk.set(Faults::default());
    append(&mut writer, 3..=4);
    assert_eq!(writer.index().read(2).unwrap(), None);
    drop(writer);
    assert_eq!(files(directory.path()).iter().map(|path| header::first_of(path).unwrap()).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(numbers(directory.path()), [1, 3, 4]);
}

#[test]
fn a_failed_commit_that_was_gone_when_the_log_was_opened_again_does_not_come_back_with_the_next_power_cut() {
    for seed in 0..32 {
        let (directory, disk) = (tempfile::tempdir().unwrap(), SimulatedDisk::new(seed));
        let open = || super::open(directory.path(), SMALL, disk.clone(), |_| Ok(())).unwrap().writer;
        let there = |writer: &Writer<SimulatedDisk>| writer.index().scan(0).map(|record| record.unwrap().seq).collect::<Vec<_>>();
        let mut writer = open();
        append(&mut writer, 1..=1);
        disk.arm(directory.path().file_name().unwrap().to_str().unwrap(), 1, Trouble::InputOutput);
        assert!(writer.append(&[padded(2)]).is_err());
        append(&mut writer, 3..=3);
        drop(writer);
        assert_eq!(there(&open()), [1, 3]);
        disk.strike(Trouble::PowerCut);
        disk.restart();
        assert_eq!(there(&open()), [1, 3], "dice {seed}");
    }
}

#[test]
fn a_log_that_cannot_be_cut_after_a_failure_is_broken_until_it_is_opened_again() {
    let (directory, disk) = (log_of(1), FailingDisk::default());
    let mut writer = super::open(directory.path(), SMALL, disk.clone(), |_| Ok(())).unwrap().writer;
    disk.set(Faults { sync_fails: true, cut_fails: true, ..Faults::default() });
    let broken = writer.append(&[padded(2)]).unwrap_err();
    assert!(matches!(broken, JournalError::Broken(_)), "{broken}");
    disk.set(Faults::default());
    assert_eq!(writer.append(&[padded(2)]), Err(broken));
    assert_eq!(writer.index().read(2).unwrap(), None);
    assert_eq!(writer.index().read(1).unwrap().unwrap().seq, 1);
}

#[test]
fn a_short_write_leaves_nothing_behind_and_the_log_goes_on_when_there_is_room() {
    for stored in 0..100 {
        let (directory, disk) = (log_of(1), FailingDisk::default());
        let mut writer = super::open(directory.path(), SMALL, disk.clone(), |_| Ok(())).unwrap().writer;
        disk.set(Faults { short_write: Some(stored), ..Faults::default() });
        assert!(matches!(writer.append(&[padded(2)]), Err(JournalError::DiskFull { .. })));
        disk.set(Faults::default());
        append(&mut writer, 3..=3);
        drop(writer);
        assert_eq!(open_at(directory.path()).recovery, Recovery { records: 2, ..Recovery::default() });
        assert_eq!(numbers(directory.path()), [1, 3]);
    }
}

#[test]
fn a_short_write_that_could_not_be_cut_is_cut_when_the_log_is_opened_again() {
    for stored in 0..100 {
        let (directory, disk) = (log_of(1), FailingDisk::default());
        let mut writer = super::open(directory.path(), SMALL, disk.clone(), |_| Ok(())).unwrap().writer;
        disk.set(Faults { short_write: Some(stored), cut_fails: true, ..Faults::default() });
        assert!(matches!(writer.append(&[padded(2)]), Err(JournalError::Broken(_))));
        drop(writer);
        let mut opened = open_at(directory.path());
        assert_eq!(opened.recovery.torn_bytes, stored as u64);
        append(&mut opened.writer, 2..=2);
    }
}

#[test]
fn no_room_for_a_new_segment_refuses_the_batch_and_keeps_the_log_usable() {
    let (directory, disk) = (log_of(3), FailingDisk::default());
    let mut writer = super::open(directory.path(), SMALL, disk.clone(), |_| Ok(())).unwrap().writer;
    disk.set(Faults { no_space_to_create: true, ..Faults::default() });
    assert!(matches!(writer.append(&[padded(4)]), Err(JournalError::DiskFull { .. })));
    assert_eq!(files(directory.path()).len(), 1);
    disk.set(Faults::default());
    append(&mut writer, 4..=4);
    drop(writer);
    assert_eq!(numbers(directory.path()), [1, 2, 3, 4]);
}

#[test]
fn a_small_disk_is_used_to_its_reserve() {
    use std::os::unix::fs::MetadataExt as _;
    let (directory, disk) = (tempfile::tempdir().unwrap(), FailingDisk::default());
    let sizes = Sizes { segment: 1 << 20, ..Sizes::default() };
    let mut writer = super::open(directory.path(), sizes, disk.clone(), |_| Ok(())).unwrap().writer;
    disk.set(Faults { space: Some(Space { free: 300 << 10, total: 2 << 20 }), ..Faults::default() });
    append(&mut writer, 1..=1);
    let reserved = fs::metadata(&files(directory.path())[0]).unwrap().blocks() * 512;
    assert!((90 << 10..110 << 10).contains(&reserved), "half of the room above the reserve, not {reserved}");
}

#[test]
fn somebody_is_told_whenever_a_segment_is_full() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = open_at(directory.path()).writer;
    let (told, tellings) = mpsc::channel();
    writer.tell_when_full(move || told.send(()).unwrap());
    append(&mut writer, 1..=7);
    assert_eq!(tellings.try_iter().count(), files(directory.path()).len());
}

#[test]
fn a_disk_below_its_reserve_refuses_until_there_is_room() {
    let (directory, disk) = (log_of(1), FailingDisk::default());
    let mut writer = super::open(directory.path(), SMALL, disk.clone(), |_| Ok(())).unwrap().writer;
    let total = 100 << 30;
    disk.set(Faults { space: Some(Space { free: (1 << 30) - 1, total }), ..Faults::default() });
    assert_eq!(writer.append(&[padded(2)]), Err(JournalError::DiskFull { free: (1 << 30) - 1, reserve: 1 << 30 }));
    disk.set(Faults { space: Some(Space { free: 1 << 30, total }), ..Faults::default() });
    append(&mut writer, 2..=2);
    assert_eq!(Space { free: 0, total: 2000 }.reserve(), 100);
}

#[test]
fn scanning_begins_where_it_is_told_and_passes_removed_segments() {
    let directory = log_of(11);
    let writer = open_at(directory.path()).writer;
    let index = writer.index();
    let from = |seq| index.scan(seq).map(|record| record.unwrap().seq).collect::<Vec<_>>();
    assert_eq!(from(5), [5, 6, 7, 8, 9, 10, 11]);
    index.forget(&index.sealed()[1]);
    assert_eq!(from(2), [2, 3, 7, 8, 9, 10, 11]);
    assert!(from(12).is_empty());
}

#[test]
fn a_visitor_that_refuses_a_record_keeps_the_log_closed_and_is_told_where() {
    let directory = log_of(1);
    let refused = super::open(directory.path(), SMALL, LocalDisk, |_| Err(io::Error::other("unknown record")));
    let message = refused.err().unwrap().to_string();
    assert!(message.ends_with("00000000000000000001.segment: unknown record"), "{message}");
}

/// A disk on which the test holds up every sync until it lets it go.
#[derive(Debug)]
struct Gated {
    entered: mpsc::Sender<()>,
    passes: Mutex<mpsc::Receiver<()>>,
}

impl Disk for Gated {
    fn create(&self, path: &Path, reserve: u64) -> io::Result<fs::File> {
        LocalDisk.create(path, reserve)
    }
    fn write(&self, file: &fs::File, bytes: &[u8], offset: u64) -> io::Result<()> {
        LocalDisk.write(file, bytes, offset)
    }
    fn cut(&self, file: &fs::File, length: u64) -> io::Result<()> {
        LocalDisk.cut(file, length)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        LocalDisk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        LocalDisk.remove(path)
    }
    fn sync(&self, file: &fs::File) -> io::Result<()> {
        let _ = self.entered.send(());
        let _ = self.passes.lock().unwrap().recv();
        LocalDisk.sync(file)
    }
    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        LocalDisk.sync_directory(directory)
    }
    fn space(&self, directory: &Path) -> io::Result<Space> {
        LocalDisk.space(directory)
    }
}

struct Gate {
    entered: mpsc::Receiver<()>,
    passes: mpsc::Sender<()>,
}

impl Gate {
    /// Starts a committer on a log of one record and holds it in the sync of the second.
    fn hold(directory: &Path, queue: Queue) -> (Self, Committer<u64>, mpsc::Receiver<(u64, u64)>) {
        let ((entering, entered), (passes, passing)) = (mpsc::channel(), mpsc::channel());
        let disk = Gated { entered: entering, passes: Mutex::new(passing) };
        // Opening syncs what it trusts.
        passes.send(()).unwrap();
        let writer = super::open(directory, SMALL, disk, |_| Ok(())).unwrap().writer;
        entered.recv_timeout(Duration::from_secs(10)).unwrap();
        let (committed, notes) = mpsc::channel();
        let committer = Committer::start("test", writer, queue, move |seq, note| {
            committed.send((seq, note)).unwrap();
        })
        .unwrap();
        committer.submit_unwatched(padded(2), 2).unwrap();
        entered.recv().unwrap();
        (Self { entered, passes }, committer, notes)
    }

    /// Lets all syncs pass from now on; returns when the committer has ended, with the number of syncs that were left.
    fn open(self, committer: Committer<u64>) -> usize {
        drop(self.passes);
        drop(committer);
        self.entered.iter().count()
    }
}

const QUEUE: Queue = Queue { records: 3, bytes: 1000, linger: Duration::ZERO };

#[test]
fn what_arrives_during_a_commit_shares_the_next_one() {
    let directory = log_of(1);
    let (gate, committer, notes) = Gate::hold(directory.path(), Queue { records: 8, ..QUEUE });
    // The segment is full after the next record, so these come to a segment of their own: one sync creates it.
    let waiting: Vec<_> = (3..=6).map(|number| committer.submit(padded(number), number).unwrap()).collect();
    assert_eq!(gate.open(committer), 2);
    let answers: Vec<_> = waiting.into_iter().map(|answer| answer.blocking_recv().unwrap()).collect();
    assert_eq!(answers, [Ok(3), Ok(4), Ok(5), Ok(6)]);
    assert_eq!(notes.iter().collect::<Vec<_>>(), [(2, 2), (3, 3), (4, 4), (5, 5), (6, 6)]);
}

#[test]
fn a_full_queue_refuses_at_once_and_takes_again_later() {
    let directory = log_of(1);
    let (gate, committer, notes) = Gate::hold(directory.path(), QUEUE);
    (3..=5).for_each(|number| committer.submit_unwatched(padded(number), number).unwrap());
    assert_eq!(committer.submit_unwatched(padded(6), 6), Err(JournalError::Full));
    gate.open(committer);
    assert_eq!(notes.iter().map(|(seq, _)| seq).collect::<Vec<_>>(), [2, 3, 4, 5]);
    assert_eq!(numbers(directory.path()), [1, 2, 3, 4, 5]);
}

#[test]
fn a_queue_full_of_bytes_refuses_at_once() {
    let directory = log_of(1);
    let (gate, committer, _notes) = Gate::hold(directory.path(), Queue { bytes: 100, ..QUEUE });
    committer.submit_unwatched(padded(3), 3).unwrap();
    assert_eq!(committer.submit_unwatched(padded(4), 4), Err(JournalError::Full));
    gate.open(committer);
}

#[test]
fn everybody_who_waits_for_a_failed_commit_hears_of_it() {
    let (directory, disk) = (log_of(1), FailingDisk::default());
    let writer = super::open(directory.path(), SMALL, disk.clone(), |_| Ok(())).unwrap().writer;
    disk.set(Faults { sync_fails: true, ..Faults::default() });
    let committer = Committer::start("test", writer, QUEUE, |_, ()| panic!("nothing was committed")).unwrap();
    for _ in 0..3 {
        let answer = committer.submit(padded(2), ()).unwrap();
        assert!(matches!(answer.blocking_recv().unwrap(), Err(JournalError::Failed(_))));
    }
}

#[test]
fn a_process_that_ends_without_closing_loses_nothing_that_was_answered() {
    let directory = tempfile::tempdir().unwrap();
    let committer = Committer::start("test", open_at(directory.path()).writer, QUEUE, |_, ()| {}).unwrap();
    for number in 1..=7 {
        assert_eq!(committer.submit(padded(number), ()).unwrap().blocking_recv().unwrap(), Ok(number));
    }
    std::mem::forget(committer);
    assert_eq!(numbers(directory.path()), [1, 2, 3, 4, 5, 6, 7]);
}
