//! The operators' interface: HTTP and JSON on a unix socket in the data directory.
//!
//! What can be asked stands in one table (`router.rs`). The same table answers the command line when no server runs:
//! [`Control`] then holds the data directory itself and asks the table without a socket between.

mod archive;
mod connections;
mod control;
mod dead_letters;
mod destination;
mod events;
mod hooks;
mod manner;
mod operator;
mod router;
mod services;
mod socket;
mod wire;

#[cfg(test)]
mod tests;

pub use archive::Archive;
pub use control::{Control, ControlError};
pub use dead_letters::{DeadLetterView, DeadLetters, DeadLettersLeft, Redrive, RedriveAnswer};
pub use events::{
    BundleIds, BundleState, BundleView, EventDetail, EventOutcome, EventPage, EventView, HeaderView, PreviewPage, ReplayEvents,
    ReplayManner, ReplayOutcome, ReplayPage, ReplayPreview, Replayed, ReplayedBundle, RequestView, Selection,
};
pub use manner::MannerView;
pub use operator::{KnownPlugin, KnownService, KnownWebhook, Operator};
pub use socket::{Admin, serve};
pub use wire::{
    ConnectionAdded, ConnectionView, HookAdded, HookEnabled, HookView, NewConnection, NewHook, PluginView, RotateSecret, SecretRotated,
    ServiceView, WebhookView,
};
