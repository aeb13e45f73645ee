//! End-to-end tests: one story a module.
