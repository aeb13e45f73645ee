//! The operators' interface: HTTP and JSON on a unix socket in the data directory.
