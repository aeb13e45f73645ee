//! Functions over arrays and collections.

mod change;
mod identity;
mod order;
mod read;
mod select;
mod table;

use super::{ArgumentError, Arguments};
use crate::value::Value;

pub(super) use table::FUNCTIONS;

/// The code of these functions.
type Eager = for<'a, 'v> fn(&mut Arguments<'a, 'v>) -> Outcome<'v>;

type Outcome<'v> = Result<Value<'v>, ArgumentError>;
