//! Write Hookwright plugins.
