//! The attributes of `hookwright-sdk`.
