//! How many things one answer has.

use super::answer::Refused;

/// Where nothing is said about it.
const USUAL: usize = 100;
/// At most.
const MOST: usize = 1_000;

/// Takes what a query says.
pub(super) fn check(limit: Option<usize>) -> Result<usize, Refused> {
    match limit.unwrap_or(USUAL) {
        limit @ 1..=MOST => Ok(limit),
        limit => Err(Refused::bad(format!("`limit` is a number from 1 to {MOST}, not `{limit}`"))),
    }
}
