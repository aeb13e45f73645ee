//! What a campaign has shown: every acknowledged webhook is looked for among what the receiver was sent.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::ops::AddAssign;

use super::witness::{Arrival, Treatment};

/// Counts of webhooks, all hooks together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Answered 200 to their sender.
    pub acknowledged: u64,
    /// Acknowledged and never accepted by the receiver. Must be 0.
    pub lost: u64,
    /// Accepted by the receiver only in a later life of the host than the one that acknowledged them: what recovery did.
    pub carried_over: u64,
    /// Deliveries of something that the receiver had accepted before.
    pub repeated: u64,
    /// Of an ordered hook: came before one that was sent earlier had been accepted. Must be 0.
    pub disordered: u64,
    /// Came under a second id, or under another's. Must be 0.
    pub renamed: u64,
    /// Came although nobody had sent them. Must be 0.
    pub invented: u64,
    /// Sent when the host's disk was dead already, and acknowledged all the same. Must be 0.
    pub unfounded: u64,
}

/// What one hook's sender did.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// The first number that counts; those below have been accounted for before.
    pub(super) first: u64,
    /// The number after the last one.
    pub(super) next: u64,
    /// In which life each was acknowledged.
    pub(super) acknowledged: BTreeMap<u64, u32>,
    /// How many were acknowledged without a disk.
    pub(super) unfounded: u64,
}

impl Tally {
    /// Whether what must be 0 is 0.
    pub fn holds(&self) -> bool {
        [self.lost, self.disordered, self.renamed, self.invented, self.unfounded] == [0; 5]
    }

    pub(super) fn of(treatment: Treatment, sent: &Sent, arrivals: &[Arrival]) -> Self {
        let (old, new): (Vec<_>, Vec<_>) = arrivals.iter().partition(|arrival| arrival.number < sent.first);
        let mut accepted = HashMap::<u64, Vec<u32>>::new();
        for arrival in new.iter().filter(|arrival| arrival.accepted) {
            accepted.entry(arrival.number).or_default().push(arrival.life);
        }
        let late = |(number, life): &(&u64, &u32)| accepted.get(*number).is_some_and(|lives| lives[0] > **life);
        let repeats = accepted.values().map(|lives| lives.len() - 1).sum::<usize>() + old.len();
        Self {
            acknowledged: sent.acknowledged.len() as u64,
            lost: sent.acknowledged.keys().filter(|number| !accepted.contains_key(number)).count() as u64,
            carried_over: sent.acknowledged.iter().filter(late).count() as u64,
            repeated: repeats as u64,
            disordered: if treatment == Treatment::Mixed { disordered(&new) } else { 0 },
            renamed: renamed(&new),
            invented: new.iter().filter(|arrival| arrival.number >= sent.next).count() as u64,
            unfounded: sent.unfounded,
        }
    }
}

/// How many came for the first time before all that came for the first time earlier had been accepted, or out of turn.
fn disordered(arrivals: &[&Arrival]) -> u64 {
    let (mut disordered, mut last, mut last_accepted) = (0, None, true);
    for arrival in arrivals {
        let number = Some(arrival.number);
        if number > last {
            disordered += u64::from(!last_accepted);
            (last, last_accepted) = (number, arrival.accepted);
        } else if number == last {
            last_accepted |= arrival.accepted;
        } else {
            let before = |earlier: &&&Arrival| earlier.number == arrival.number && !std::ptr::eq(**earlier, *arrival);
            disordered += u64::from(arrivals.iter().take_while(|other| !std::ptr::eq(**other, *arrival)).find(before).is_none());
        }
    }
    disordered
}

/// How many numbers came under several ids, and ids under several numbers.
fn renamed(arrivals: &[&Arrival]) -> u64 {
    let pairs: HashSet<_> = arrivals.iter().map(|arrival| (arrival.number, arrival.id.as_str())).collect();
    let numbers: HashSet<_> = pairs.iter().map(|(number, _)| number).collect();
    let ids: HashSet<_> = pairs.iter().map(|(_, id)| id).collect();
    (2 * pairs.len() - numbers.len() - ids.len()) as u64
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.lost += other.lost;
        self.carried_over += other.carried_over;
        self.repeated += other.repeated;
        self.disordered += other.disordered;
        self.renamed += other.renamed;
        self.invented += other.invented;
        self.unfounded += other.unfounded;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, lost, carried_over, repeated, disordered, renamed, invented, unfounded } = self;
        write!(
            f,
            "{acknowledged} acknowledged, {lost} lost, {carried_over} delivered by a later life, {repeated} repeated, \
             {disordered} out of order, {renamed} under another id, {invented} never sent, {unfounded} acknowledged without a disk"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(number: u64, life: u32, accepted: bool) -> Arrival {
        Arrival { number, id: number.to_string(), life, accepted }
    }

    fn tally(acknowledged: &[(u64, u32)], arrivals: &[Arrival]) -> Tally {
        let sent = Sent { first: 10, next: 20, acknowledged: acknowledged.iter().copied().collect(), unfounded: 0 };
        Tally::of(Treatment::Mixed, &sent, arrivals)
    }

    #[test]
    fn what_was_acknowledged_and_only_ever_refused_is_lost() {
        let found = tally(&[(10, 1), (11, 1)], &[arrival(10, 1, true), arrival(11, 1, false)]);
        assert_eq!(found, Tally { acknowledged: 2, lost: 1, ..Tally::default() });
        assert!(!found.holds());
    }

    #[test]
    fn repeats_are_counted_and_allowed() {
        let found = tally(&[(10, 1)], &[arrival(9, 1, true), arrival(10, 2, true), arrival(10, 3, true)]);
        assert_eq!(found, Tally { acknowledged: 1, carried_over: 1, repeated: 2, ..Tally::default() });
        assert!(found.holds());
    }

    #[test]
    fn one_that_passes_another_is_out_of_order() {
        let refused_before = [arrival(10, 1, false), arrival(11, 1, true), arrival(10, 1, true)];
        let swapped = [arrival(11, 1, true), arrival(10, 1, true)];
        let in_order = [arrival(10, 1, false), arrival(10, 1, true), arrival(11, 1, true), arrival(10, 2, true), arrival(11, 2, true)];
        assert_eq!([tally(&[], &refused_before).disordered, tally(&[], &swapped).disordered, tally(&[], &in_order).disordered], [1, 1, 0]);
    }

    #[test]
    fn another_id_and_another_number_are_seen() {
        let renamed = Arrival { id: "x".into(), ..arrival(10, 1, true) };
        assert_eq!(tally(&[], &[arrival(10, 1, true), renamed]).renamed, 1);
        assert_eq!(tally(&[], &[arrival(20, 1, true)]).invented, 1);
    }
}
