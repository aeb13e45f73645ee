//! The operators' interface: HTTP and JSON on a unix socket in the data directory.
//!
//! What can be asked stands in one table (`router.rs`). The same table answers the command line when no server runs:
//! [`Control`] then holds the data directory itself and asks the table without a socket between.

mod connections;
mod control;
mod destination;
mod hooks;
mod manner;
mod operator;
mod router;
mod services;
mod socket;
mod wire;

#[cfg(test)]
mod tests;

pub use control::{Control, ControlError};
pub use manner::MannerView;
pub use operator::{KnownPlugin, KnownService, KnownWebhook, Operator};
pub use socket::{Admin, serve};
pub use wire::{
    ConnectionAdded, ConnectionView, HookAdded, HookView, NewConnection, NewHook, PluginView, RotateSecret, SecretRotated, ServiceView,
    WebhookView,
};
