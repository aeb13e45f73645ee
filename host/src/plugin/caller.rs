//! Who a request is from and whom it is for, as far as a plugin's circuit breaker tells callers apart.

use crate::network::Network;

/// The caller of a plugin. The default is the operator, with a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The sender's; none where senders cannot be told apart, because a proxy stands before
    /// the host.
    pub network: Option<Network>,
    /// The dedicated hook that is called. `None`: a shared webhook, which is everybody's.
    pub hook: Option<String>,
}
