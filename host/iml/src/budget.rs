//! What watches over the processor time and the memory that an evaluation uses.

use std::fmt;

/// Watches over what is used for one request. This crate reads no clock and counts no bytes: whoever evaluates can.
pub trait Budget {
    /// Asked at every function call, at every template and by what reads long inputs.
    ///
    /// # Errors
    /// Why the evaluation has to end here.
    fn check(&self) -> Result<(), Interrupt>;

    /// As [`check`](Self::check), where much may have been used since the last question: a budget that passes over most of
    /// those answers this one.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    fn check_now(&self) -> Result<(), Interrupt> {
        self.check()
    }
}

/// Why an evaluation ended before it had a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupt {
    /// It took more processor time than it may.
    Time,
    /// It took more memory than it may.
    Memory,
    /// What it needs is taken by others or out of service now; later it may be there.
    Unavailable,
    /// Nobody waits for the result any more.
    Cancelled,
}

impl fmt::Display for Interrupt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Time => "the request takes more processor time than one may",
            Self::Memory => "the request takes more memory than one may",
            Self::Unavailable => "the requests in flight take all the memory they may",
            Self::Cancelled => "the sender has hung up",
        })
    }
}

/// No bound.
#[derive(Debug, Clone, Copy)]
pub struct Unbounded;

impl Budget for Unbounded {
    fn check(&self) -> Result<(), Interrupt> {
        Ok(())
    }
}
