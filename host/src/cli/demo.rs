//! `hookwright demo`: everything at once, to look at.

pub mod sign;
