//! The discord plugin.
