//! Who a request is from and whom it is for, as far as a plugin's circuit breaker tells callers apart.

use std::net::IpAddr;

/// The caller of a plugin. The default is the operator, with a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The sender's [`network`](crate::shares::network); none where senders cannot be told apart, because a proxy stands before
    /// the host.
    pub network: Option<IpAddr>,
    /// The dedicated hook that is called. `None`: a shared webhook, which is everybody's.
    pub hook: Option<String>,
}
