//! How many files and sockets the process may have open, and how many connections that leaves room for.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that the journal, the store, plugins and deliveries have at least.
const OWN: u64 = 256;
/// Connections that are served however little room there is.
const FEWEST: u64 = 16;

/// Raises the limit of open files as far as the system lets us, and says what it is then; `None`: there is none.
pub(super) fn raise() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(_) => current,
    }
}

/// How many of the connections that are `wanted` there is room for beside `others`, where so many files may be open.
pub(super) fn room(wanted: usize, others: usize, limit: Option<u64>) -> usize {
    let Some(limit) = limit else { return wanted };
    let own = OWN.max(limit / 4).saturating_add(others as u64);
    wanted.min(usize::try_from(limit.saturating_sub(own).max(FEWEST)).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_all_files_but_at_least_256_are_for_what_is_not_a_connection() {
        assert_eq!(room(10_000, 0, Some(1024)), 768);
        assert_eq!(room(10_000, 256, Some(1024)), 512);
        assert_eq!(room(10_000, 0, Some(4096)), 3072);
        assert_eq!(room(10_000, 0, Some(100)), 16);
        assert_eq!(room(10, 0, Some(100)), 10);
        assert_eq!(room(10_000, 0, Some(1 << 20)), 10_000);
        assert_eq!(room(10_000, 0, None), 10_000);
    }

    #[test]
    fn the_limit_is_as_high_as_it_may_be() {
        assert_eq!(raise(), getrlimit(Resource::Nofile).current);
    }
}
