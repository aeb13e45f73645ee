//! The webhook spec of Make apps.
