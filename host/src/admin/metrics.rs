//! What Prometheus scrapes.

use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::answer::{Answer, Asked, Refused};
use super::operator::Operator;
use crate::metrics::Metrics;

/// `GET /metrics`
pub(super) async fn show(operator: &Operator, _: Asked<'_>) -> Result<Answer, Refused> {
    let Some(host) = operator.host.clone() else {
        return Err(Refused::unavailable("no server runs, and only a server measures").with_help("start the server"));
    };
    let text = spawn_blocking(move || Metrics::of(Arc::as_ref(&host)).text()).await;
    text.map(Answer::text).map_err(|_| Refused::unavailable("the figures could not be written; the log says why"))
}
