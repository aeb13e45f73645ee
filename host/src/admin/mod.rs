//! The operators' interface: HTTP and JSON on a unix socket in the data directory, and for those who have a token on a TCP
//! listener of its own.
//!
//! What can be asked stands in one table (`router.rs`). The same table answers the command line when no server runs:
//! [`Control`] then holds the data directory itself and asks the table without a socket between.

mod answer;
mod archive;
mod backup;
mod bundle_key;
mod compact;
mod connections;
mod control;
mod dead_letters;
mod definitions;
mod deliveries;
mod destination;
mod event_stream;
mod events;
mod exchange;
mod health;
mod hooks;
mod limit;
mod listener;
mod manner;
mod metrics;
mod openapi;
mod operator;
mod pull;
mod route;
mod router;
mod services;
mod socket;
mod tokens;
mod transfer;
mod update;
mod wire;

#[cfg(test)]
mod tests;

pub use archive::Archive;
pub use backup::{Backup, BackupMade};
pub use compact::CompactAnswer;
pub use control::{Control, ControlError};
pub use dead_letters::{DeadLetterView, DeadLetters, DeadLettersLeft, Redrive, RedriveAnswer};
pub use definitions::{
    ConnectionDefinition, DefinitionLine, ExportHead, ExportLine, FORMAT as EXPORT_FORMAT, HookDefinition, HookState, SecretDefinition,
};
pub use deliveries::DeliveriesView;
pub use events::{
    BundleIds, BundleState, BundleView, EventDetail, EventOutcome, EventPage, EventView, HeaderView, PreviewPage, ReplayEvents,
    ReplayManner, ReplayOutcome, ReplayPage, ReplayPreview, Replayed, ReplayedBundle, RequestView, Selection, TailLine,
};
pub use health::Health;
pub use listener::{Remote, RemoteAdmin, serve_remote};
pub use manner::MannerView;
pub use openapi::document as openapi;
pub use operator::{KnownPlugin, KnownService, KnownWebhook, Operator};
pub use pull::{Acknowledge, AcknowledgeAnswer, PulledBundle, PulledBundles};
pub use services::ServedWebhook;
pub use socket::{Admin, serve};
pub use tokens::{NewToken, Scope, TokenAdded, TokenView, Tokens};
pub use transfer::{Import, ImportMistake, Imported, PreviewImport};
pub use update::{HookUpdated, MannerUpdate, UpdateHook};
pub use wire::{
    ConnectionAdded, ConnectionView, Disabled, HookAdded, HookEnabled, HookView, NewConnection, NewHook, PluginView, Removed, RotateSecret,
    SecretRotated, ServiceState, ServiceView, WebhookView,
};
