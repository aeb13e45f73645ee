//! One request's calls into a plugin: a fresh instance, made at the first call and gone with the request.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hookwright_iml::{CallError, Environment, Value};
use hookwright_webhook::{Confidential, Request};
use wasmtime::component::Resource;
use wasmtime::{Store, UpdateDeadline};

use super::capability::Capability;
use super::circuit::Sign;
use super::contract::bindings;
use super::contract::bindings::exports::hookwright::plugin::guest::Guest;
use super::contract::bindings::hookwright::plugin::types::Failure;
use super::engine::{Plugin, Shared};
use super::imports::LINE;
use super::line::one_line;
use super::permit::Permit;
use super::settings::Settings;
use super::state::{Confided, Members, RequestParts, State};
use super::stopped::Stopped;
use super::wire;

/// A plugin at work on one request.
///
/// Its calls block their thread for as long as the plugin's deadline allows: inside a runtime, run
/// what calls them in `block_in_place`.
pub struct Session {
    environment: Environment,
    work: RefCell<Work>,
    /// How the plugin's calls went: the first that did not come back decides.
    sign: RefCell<Sign>,
    /// The last to go: the place is free once the instance is gone.
    permit: Permit,
}

struct Work {
    running: Option<Running>,
    /// Time left for this request.
    left: Duration,
    request: Option<Rc<RequestParts>>,
    confided: Confided,
}

/// A living instance.
pub(super) struct Running {
    store: Store<State>,
    instance: bindings::Plugin,
    shared: Arc<Shared>,
    /// What it may take, all calls together.
    limit: Duration,
}

impl Session {
    pub(super) fn new(permit: Permit, environment: Environment) -> Self {
        let left = permit.plugin.shared.settings.deadline;
        let work = Work { running: None, left, request: None, confided: Confided::default() };
        Self { environment, work: RefCell::new(work), sign: RefCell::new(Sign::None), permit }
    }

    fn run<T>(&self, call: impl FnOnce(&Guest, &mut Store<State>) -> wasmtime::Result<T>) -> Result<T, Stopped> {
        let result = self.run_in_instance(call);
        let mut sign = self.sign.borrow_mut();
        match &result {
            Ok(_) if *sign == Sign::None => *sign = Sign::Well,
            Err(stopped) if matches!(*sign, Sign::None | Sign::Well) => *sign = Sign::Stopped(stopped.to_string()),
            _ => {}
        }
        result
    }

    /// Runs `call` in this request's instance. One that was stopped is not called again: the next
    /// call gets another, within what is left of the request's time.
    fn run_in_instance<T>(&self, call: impl FnOnce(&Guest, &mut Store<State>) -> wasmtime::Result<T>) -> Result<T, Stopped> {
        let mut work = self.work.borrow_mut();
        let Work { running, left, request, confided } = &mut *work;
        let mut instance = match running.take() {
            Some(instance) => instance,
            None => self.start().inspect_err(|stopped| *self.sign.borrow_mut() = Sign::NotStarted(stopped.to_string()))?,
        };
        let state = instance.store.data_mut();
        state.request.clone_from(request);
        state.confided.clone_from(confided);
        let result = instance.run(left, call)?;
        *running = Some(instance);
        Ok(result)
    }

    fn start(&self) -> Result<Running, Stopped> {
        let plugin = &self.permit.plugin;
        let shared = &plugin.shared;
        let stopwatch = match self.permit.pass.sender_was_stopped() {
            true => shared.slow_lane.stopwatch_from_the_beginning(),
            false => shared.slow_lane.stopwatch(),
        };
        let state = State::new(Rc::from(plugin.breaker.service()), &shared.settings, stopwatch, self.environment.clone());
        Running::start(shared, &plugin.prepared, state, shared.settings.deadline)
    }

    /// Shows the next call what the plugin was granted: the service's secrets, the same during all of a request, and the
    /// data of whom the call is for.
    fn confide(&self, confidential: &Confidential<'_>) {
        let asks = self.permit.plugin.asks();
        let confided = &mut self.work.borrow_mut().confided;
        if asks.contains(&Capability::Secrets) {
            confided.secrets.get_or_insert_with(|| Members::of(&confidential.common));
        }
        if asks.contains(&Capability::ConnectionData) {
            confided.connection_data = Some(Members::of(&confidential.parameters));
        }
    }

    /// Encodes the request once, at the first look at it.
    fn see(&self, request: &Request<'_>) {
        self.work.borrow_mut().request.get_or_insert_with(|| Rc::new(RequestParts::of(request, self.room())));
    }

    /// What may be handed to the plugin at once, in bytes of its memory.
    fn room(&self) -> u64 {
        self.permit.plugin.shared.settings.room()
    }
}

/// The request is over.
impl Drop for Session {
    fn drop(&mut self) {
        let sign = self.sign.replace(Sign::None);
        if sign != Sign::None {
            let Plugin { breaker, shared, .. } = &*self.permit.plugin;
            let took = shared.settings.deadline.saturating_sub(self.work.get_mut().left);
            shared.meters.called(breaker.service(), took, sign != Sign::Well);
        }
        self.permit.pass.report(sign);
    }
}

impl hookwright_webhook::Plugin for Session {
    fn call(&self, function: &str, arguments: &[Value<'_>], confidential: &Confidential<'_>) -> Result<Value<'static>, CallError> {
        self.confide(confidential);
        let arguments = wire::encode_all(arguments, self.room())?;
        let result = self.run(|guest, store| guest.call_call(store, function, &arguments))?;
        Ok(wire::decode(&result.map_err(message)?)?)
    }

    fn uids(
        &self,
        extractor: &str,
        request: &Request<'_>,
        item: Option<&Value<'_>>,
        confidential: &Confidential<'_>,
    ) -> Result<Vec<String>, CallError> {
        self.confide(confidential);
        self.see(request);
        let item = item.map(|item| wire::encode_within(item, self.room())).transpose()?;
        let result = self.run(|guest, store| guest.call_uid(store, extractor, Resource::new_borrow(0), item.as_deref()))?;
        Ok(result.map_err(message)?)
    }
}

/// What the plugin says, in as many bytes as a line of its log may have.
fn message(failure: Failure) -> String {
    let said = match failure {
        Failure::InvalidArgument((index, problem)) => format!("argument {}: {problem}", u64::from(index) + 1),
        Failure::Failed(message) => message,
    };
    one_line(&said, LINE)
}

impl Running {
    /// A fresh instance. Its start function, if it has one, runs under the same limits as its calls.
    pub(super) fn start(
        shared: &Arc<Shared>,
        prepared: &bindings::PluginPre<State>,
        state: State,
        limit: Duration,
    ) -> Result<Self, Stopped> {
        let settings = &shared.settings;
        let mut store = Store::new(&shared.wasmtime, state);
        store.limiter(|state| &mut state.limits);
        store.set_hostcall_fuel(settings.result_size);
        store.epoch_deadline_callback(|mut store| Ok(store.data_mut().stopwatch.tick().map(|()| UpdateDeadline::Continue(1))?));
        store.set_epoch_deadline(1);
        store.data_mut().stopwatch.start(limit);
        let instance = prepared.instantiate(&mut store);
        store.data_mut().stopwatch.stop();
        match instance {
            Ok(instance) => Ok(Self { store, instance, shared: Arc::clone(shared), limit }),
            Err(error) => Err(Stopped::from_error(&error, store.data(), settings, limit)),
        }
    }

    /// From now on one call hands over no more than so many bytes.
    pub(super) fn limit_results(&mut self, bytes: usize) {
        self.store.set_hostcall_fuel(bytes);
        self.store.data_mut().result_size = bytes;
    }

    /// Runs one call within `left`, and takes the time it took from it.
    pub(super) fn run<T>(
        &mut self,
        left: &mut Duration,
        call: impl FnOnce(&Guest, &mut Store<State>) -> wasmtime::Result<T>,
    ) -> Result<T, Stopped> {
        let settings: &Settings = &self.shared.settings;
        if left.is_zero() {
            return Err(Stopped::Deadline(self.limit));
        }
        self.store.set_epoch_deadline(1);
        self.store.data_mut().stopwatch.start(*left);
        let result = call(self.instance.hookwright_plugin_guest(), &mut self.store);
        *left = self.store.data_mut().stopwatch.stop();
        result.map_err(|error| Stopped::from_error(&error, self.store.data(), settings, self.limit))
    }
}
