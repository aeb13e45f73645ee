//! Delivery ids outlive the events that they came with.

use super::*;

const HOUR: Duration = Duration::from_hours(1);

/// What says that everything which was delivered may go.
const NOTHING_FITS: Retention = Retention { age: Duration::MAX, bytes: 0 };

fn after(hours: u32) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(NOW) + hours * HOUR
}

fn at(event: Event, hours: u64) -> Event {
    Event { received_at: NOW + hours * 3_600_000, ..event }
}

/// Events with ids that were delivered and then had to make room, an hour later.
async fn removed(journal: &Journal) {
    for number in 0..12 {
        let seq = store(journal, &repeatable(&number.to_string())).await;
        journal.record(seq, 0, &DeliveryState::Delivered);
    }
    assert!(journal.maintain(NOTHING_FITS, after(1), |_| false).unwrap().segments > 3);
    assert_eq!(journal.read(1).unwrap(), None);
}

async fn is_repeat(journal: &Journal, event: &Event) -> bool {
    journal.append(event).await == Ok(Appended::Repeat)
}

#[tokio::test]
async fn a_repeat_of_an_event_that_had_to_make_room_is_one_also_after_reopening() {
    let root = root();
    removed(&open_small(root.path())).await;
    for _ in 0..2 {
        let journal = open_small(root.path());
        for number in 0..12 {
            assert!(is_repeat(&journal, &at(repeatable(&number.to_string()), 24)).await, "{number}");
        }
        journal.maintain(NOTHING_FITS, after(24), |_| false).unwrap();
    }
    assert_eq!(store(&open_small(root.path()), &at(repeatable("12"), 24)).await, 13);
}

#[tokio::test]
async fn what_is_left_behind_goes_once_none_of_it_counts() {
    let root = root();
    let journal = open_small(root.path());
    removed(&journal).await;
    journal.maintain(NOTHING_FITS, after(24), |_| false).unwrap();
    assert!(files(root.path(), "events", "ids").len() > 3);
    journal.maintain(NOTHING_FITS, after(25), |_| false).unwrap();
    assert_eq!(files(root.path(), "events", "ids").len(), 0);
    assert_eq!(store(&journal, &at(repeatable("0"), 25)).await, 13);
}

#[tokio::test]
async fn nothing_is_left_behind_without_ids_or_with_ids_that_do_not_count_any_more() {
    let root = root();
    let journal = open_small(root.path());
    for number in 0..12 {
        store(&journal, &event(&number.to_string(), &[])).await;
    }
    assert!(journal.maintain(NOTHING_FITS, after(1), |_| false).unwrap().segments > 0);
    for number in 0..12 {
        let seq = store(&journal, &repeatable(&number.to_string())).await;
        journal.record(seq, 0, &DeliveryState::Delivered);
    }
    assert!(journal.maintain(NOTHING_FITS, after(25), |_| false).unwrap().segments > 3);
    assert_eq!(files(root.path(), "events", "ids").len(), 0);
}

#[tokio::test]
async fn what_was_left_behind_and_is_damaged_costs_no_other_id_and_goes() {
    let root = root();
    removed(&open_small(root.path())).await;
    let first = root.path().join("journal/events/00000000000000000001.ids");
    let whole = std::fs::read(&first).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        std::fs::write(&first, changed).unwrap();
        assert!(
            remains::Remains::open(first.parent().unwrap(), |ids| assert_eq!(ids.events().filter(|id| id.seq == 1).count(), 0)).is_ok()
        );
    }
    let journal = open_small(root.path());
    assert!(is_repeat(&journal, &repeatable("8")).await);
    assert_eq!(store(&journal, &repeatable("0")).await, 13);
    journal.maintain(Retention::default(), after(2), |_| false).unwrap();
    assert!(!first.exists());
}

#[tokio::test]
async fn a_full_disk_gives_back_space_though_it_has_no_room_for_what_is_left_behind() {
    let (root, disk) = (root(), FailingDisk::default());
    let directory = DataDirectory::open(root.path()).unwrap();
    let journal = Journal::open_on(disk.clone(), &directory, Settings::default(), Sizes { segment: 500, ..Sizes::default() }).unwrap();
    for number in 0..12 {
        let seq = store(&journal, &repeatable(&number.to_string())).await;
        journal.record(seq, 0, &DeliveryState::Delivered);
    }
    disk.set(Faults { no_space_to_create: true, ..Faults::default() });
    assert!(journal.maintain(NOTHING_FITS, after(1), |_| false).unwrap().segments > 3);
    assert!(is_repeat(&journal, &repeatable("0")).await, "it is in memory still");
}

#[tokio::test]
async fn a_backup_has_the_ids_that_were_left_behind() {
    let (root, copy) = (root(), root());
    let journal = open_small(root.path());
    removed(&journal).await;
    let directory = DataDirectory::open(copy.path()).unwrap();
    journal.back_up(&directory.events(), &directory.deliveries()).unwrap();
    drop(directory);
    assert!(is_repeat(&open_small(copy.path()), &repeatable("0")).await);
}
