//! The operators' interface: HTTP and JSON on a unix socket in the data directory.

mod data_directory;

pub use data_directory::{DataDirectory, OpenError};
