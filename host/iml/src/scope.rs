//! What surrounds an evaluation: variables, custom functions, the clock, the zone, the limits.

use jiff::tz::TimeZone;

use crate::budget::{Budget, Unbounded};
use crate::error::CallError;
use crate::value::{Date, Value};

/// The variables that an expression sees, and what its custom functions do.
pub trait Scope<'v> {
    /// The variable of that name; missing when there is none.
    fn variable(&self, name: &str) -> Value<'v>;

    /// Clock, zone, random source and limits.
    fn environment(&self) -> &Environment;

    /// Calls a custom function. Never asked for a built-in one, unless the
    /// [`Library`](crate::Library) let it be shadowed.
    ///
    /// # Errors
    /// Why the function failed, in its own words, or was ended.
    fn call(&self, function: &str, arguments: &[Value<'v>]) -> Result<Value<'v>, CallError>;

    /// What watches over the time and the memory of this evaluation; nothing, unless the scope says otherwise.
    fn budget(&self) -> &dyn Budget {
        &Unbounded
    }
}

/// What the host supplies to every evaluation. This crate has neither clock nor entropy.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The value of `now`.
    pub now: Date,
    /// The zone in which dates without an offset are read and shown: `environment.timezone`.
    pub zone: TimeZone,
    /// Random bits, for `random`, `uuid` and `shuffle`.
    pub random: fn() -> u64,
    /// What an evaluation may not exceed.
    pub limits: Limits,
}

/// What an evaluation may not exceed; over it is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a text or of a result written as JSON. An array that a function takes or makes may have an eighth as
    /// many elements.
    pub size: usize,
    /// How deep a result may nest.
    pub depth: usize,
}

impl Limits {
    /// Elements of an array that a function takes or makes, two million by default: one takes more memory than the
    /// two bytes it may be written with.
    pub(crate) fn elements(&self) -> usize {
        self.size / 8
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { size: 16 << 20, depth: crate::json::DEPTH_LIMIT }
    }
}
