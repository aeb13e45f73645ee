//! A plugin's circuit breaker, which no sender can open for the others: a stop counts against the request that met it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tracing::{error, info};

use super::caller::Caller;
use super::circuit::{Circuit, Sign, Switch, Tolerance};
use crate::network::Network;

/// The breaker of one loaded plugin: a changed file is another plugin, which has its own.
pub(super) struct Breaker {
    service: String,
    tolerance: Tolerance,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    circuit: Circuit,
    /// Senders whose last request was stopped, the latest last.
    stopped: VecDeque<Network>,
}

/// So many of them are remembered.
const STOPPED: usize = 256;

/// A request that may call the plugin. Once it is gone, the breaker knows how it went.
pub(super) struct Pass {
    breaker: Arc<Breaker>,
    caller: Caller,
    probe: bool,
    sign: Sign,
}

impl Breaker {
    pub(super) fn new(service: &str, tolerance: Tolerance) -> Arc<Self> {
        Arc::new(Self { service: service.to_owned(), tolerance, state: Mutex::default() })
    }

    /// Whose plugin it is.
    pub(super) fn service(&self) -> &str {
        &self.service
    }

    /// Why the plugin is not called, and until when, if it is not.
    pub(super) fn out_of_service(&self) -> Option<String> {
        self.state().circuit.out_of_service(Instant::now())
    }

    /// Lets a request call the plugin, or says why not.
    pub(super) fn admit(self: &Arc<Self>, caller: Caller) -> Result<Pass, String> {
        let probe = self.state().circuit.admit(Instant::now())?;
        Ok(Pass { breaker: Arc::clone(self), caller, probe, sign: Sign::None })
    }

    fn ended(&self, pass: &Pass) {
        let Pass { caller, probe, sign, .. } = pass;
        let mut state = self.state();
        state.remember(sign, caller.network);
        match state.circuit.ended(sign, caller, *probe, self.tolerance, Instant::now()) {
            Some(Switch::Opened) => {
                let reason = state.circuit.out_of_service(Instant::now()).unwrap_or_default();
                error!(service = self.service, "{reason}");
            }
            Some(Switch::Closed) => info!(service = self.service, "the plugin is in service again"),
            None => {}
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn remember(&mut self, sign: &Sign, sender: Option<Network>) {
        let Some(sender) = sender.filter(|_| *sign != Sign::None) else { return };
        self.stopped.retain(|known| *known != sender);
        if matches!(sign, Sign::Stopped(_)) {
            self.stopped.push_back(sender);
            if self.stopped.len() > STOPPED {
                self.stopped.pop_front();
            }
        }
    }
}

impl Pass {
    /// Whether this sender's last request was stopped in the plugin.
    pub(super) fn sender_was_stopped(&self) -> bool {
        self.caller.network.is_some_and(|sender| self.breaker.state().stopped.contains(&sender))
    }

    /// How the request went. Without a word it has called nothing.
    pub(super) fn report(&mut self, sign: Sign) {
        self.sign = sign;
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.breaker.ended(self);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::*;

    const TOLERANCE: Tolerance = Tolerance { stops: 2, window: Duration::ZERO };

    fn request(breaker: &Arc<Breaker>, address: &str, sign: Sign) -> Result<(), String> {
        breaker.admit(Caller { network: Some(Network::of(address)), hook: None }).map(|mut pass| pass.report(sign))
    }

    fn was_stopped(breaker: &Arc<Breaker>, address: &str) -> bool {
        breaker.admit(Caller { network: Some(Network::of(address)), hook: None }).unwrap().sender_was_stopped()
    }

    #[test]
    fn who_was_stopped_is_remembered_until_a_request_of_his_goes_well() {
        let breaker = Breaker::new("slack", TOLERANCE);
        request(&breaker, "192.0.2.1", Sign::Stopped(String::new())).unwrap();
        request(&breaker, "192.0.2.2", Sign::Well).unwrap();
        assert!(was_stopped(&breaker, "192.0.2.1") && !was_stopped(&breaker, "192.0.2.2"));
        request(&breaker, "192.0.2.1", Sign::Well).unwrap();
        assert!(!was_stopped(&breaker, "192.0.2.1"));
    }

    #[test]
    fn a_bounded_number_of_senders_is_remembered() {
        let breaker = Breaker::new("slack", Tolerance { stops: 0, ..TOLERANCE });
        for sender in 0..1000_u32 {
            request(&breaker, &std::net::Ipv4Addr::from_bits(sender).to_string(), Sign::Stopped(String::new())).unwrap();
        }
        assert_eq!(breaker.state().stopped.len(), STOPPED);
    }

    #[test]
    fn an_open_breaker_lets_nobody_in_and_says_why() {
        let breaker = Breaker::new("slack", TOLERANCE);
        request(&breaker, "192.0.2.1", Sign::Stopped("it crashed".to_owned())).unwrap();
        request(&breaker, "192.0.2.2", Sign::Stopped("it crashed".to_owned())).unwrap();
        let refused = request(&breaker, "192.0.2.3", Sign::Well).unwrap_err();
        assert!(refused.starts_with("the plugin is out of service, and is tried again in "), "{refused}");
        assert!(breaker.out_of_service().is_some());
    }
}
