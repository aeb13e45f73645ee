//! What the host does for a plugin: log, clock, IML's built-in functions, the request, what was granted.

use std::rc::Rc;

use hookwright_iml::{self as iml, CallError, Environment, NoCustom, Scope, Template, Value};
use tracing::{debug, error, info, warn};
use wasmtime::component::Resource;

use super::contract::bindings::hookwright::plugin::{clock, connection_data, iml as built_in, log, request, secrets, types};
use super::line::one_line;
use super::state::{CurrentRequest, RequestParts, State};
use super::wire;

/// Lines of one instance that are written; the rest is dropped, with one line that says so.
const LINES: u32 = 100;
/// Bytes of a plugin's text that a line of the log may have.
pub(super) const LINE: usize = 4096;
/// Arguments of one call of a built-in function.
const ARGUMENTS: usize = 255;

impl types::Host for State {}

impl log::Host for State {
    fn write(&mut self, level: log::Level, message: String) {
        self.log.lines = self.log.lines.saturating_add(1);
        let service = &*self.service;
        if self.log.lines == LINES {
            warn!(service, "the plugin logs too much; the rest of this request's lines is dropped");
        }
        let message = one_line(&message, LINE);
        if self.log.lines < LINES {
            match level {
                log::Level::Debug => debug!(service, "plugin: {message}"),
                log::Level::Info => info!(service, "plugin: {message}"),
                log::Level::Warn => warn!(service, "plugin: {message}"),
                log::Level::Error => error!(service, "plugin: {message}"),
            }
        }
        if matches!(level, log::Level::Error) {
            self.log.last_error = Some(message);
        }
    }
}

impl clock::Host for State {
    fn now_ms(&mut self) -> u64 {
        u64::try_from(self.environment.now.milliseconds()).unwrap_or_default()
    }
}

impl built_in::Host for State {
    fn call(&mut self, name: String, arguments: Vec<u8>) -> Result<Vec<u8>, String> {
        let Value::Array(arguments) = wire::decode(&arguments)? else {
            return Err("the arguments are not an array".to_owned());
        };
        if arguments.len() > ARGUMENTS {
            return Err(format!("a built-in function takes at most {ARGUMENTS} arguments, not {}", arguments.len()));
        }
        let scope = Call { arguments: arguments.to_vec(), environment: &self.environment };
        let result = scope.call_built_in(&name)?;
        wire::encode_within(&result, self.room).map_err(|_| format!("{name} gives more than a plugin has memory for"))
    }
}

/// A call of a built-in function as an expression: its arguments are the variables `a0`, `a1`, ...
struct Call<'e> {
    arguments: Vec<Value<'static>>,
    environment: &'e Environment,
}

impl Call<'_> {
    fn call_built_in(&self, name: &str) -> Result<Value<'static>, String> {
        if iml::functions::find(name).is_none() {
            return Err(format!("there is no built-in function {name}"));
        }
        let arguments: Vec<String> = (0..self.arguments.len()).map(|index| format!("a{index}")).collect();
        let expression = format!("{{{{{name}({})}}}}", arguments.join("; "));
        let (template, _) = Template::compile(&expression, &NoCustom).map_err(|errors| first_message(&errors))?;
        let result = template.evaluate(self).map_err(|error| error.message)?;
        Ok(result.into_owned())
    }
}

fn first_message(errors: &[iml::Error]) -> String {
    errors.first().map(|error| error.message.clone()).unwrap_or_default()
}

impl<'v> Scope<'v> for Call<'_> {
    fn variable(&self, name: &str) -> Value<'v> {
        let index = name.strip_prefix('a').and_then(|index| index.parse::<usize>().ok());
        index.and_then(|index| self.arguments.get(index)).cloned().unwrap_or_default()
    }

    fn environment(&self) -> &Environment {
        self.environment
    }

    fn call(&self, function: &str, _: &[Value<'v>]) -> Result<Value<'v>, CallError> {
        Err(format!("{function} is not a built-in function").into())
    }
}

impl secrets::Host for State {
    fn get(&mut self, name: String) -> Option<Vec<u8>> {
        self.confided.secrets.as_ref()?.get(&name)
    }
}

impl connection_data::Host for State {
    fn get(&mut self, name: String) -> Option<Vec<u8>> {
        self.confided.connection_data.as_ref()?.get(&name)
    }
}

impl State {
    /// The request of the running call. The handle to it is lent for one call of `uid` only.
    fn parts(&self) -> Rc<RequestParts> {
        Rc::clone(self.request.as_ref().expect("a handle exists only while a request is looked at"))
    }
}

impl State {
    /// A part of the request, unless the plugin has no memory for it: then the call ends.
    fn handed(&self, part: Result<Vec<u8>, wire::TooLarge>) -> wasmtime::Result<Vec<u8>> {
        Ok(part?)
    }
}

impl request::Host for State {}

impl request::HostRequest for State {
    fn method(&mut self, _: Resource<CurrentRequest>) -> String {
        self.parts().method.clone()
    }

    fn url(&mut self, _: Resource<CurrentRequest>) -> String {
        self.parts().url.clone()
    }

    fn path(&mut self, _: Resource<CurrentRequest>) -> String {
        self.parts().path.clone()
    }

    fn remote_address(&mut self, _: Resource<CurrentRequest>) -> String {
        self.parts().remote_address.clone()
    }

    fn header(&mut self, _: Resource<CurrentRequest>, name: String) -> Option<String> {
        self.parts().header(&name)
    }

    fn headers(&mut self, _: Resource<CurrentRequest>) -> Vec<(String, String)> {
        self.parts().headers.clone()
    }

    fn query(&mut self, _: Resource<CurrentRequest>) -> wasmtime::Result<Vec<u8>> {
        let query = self.parts().query.clone();
        self.handed(query)
    }

    fn body(&mut self, _: Resource<CurrentRequest>) -> wasmtime::Result<Vec<u8>> {
        let body = self.parts().body.clone();
        self.handed(body)
    }

    fn raw_body(&mut self, _: Resource<CurrentRequest>) -> wasmtime::Result<Vec<u8>> {
        let raw_body = self.parts().raw_body.clone();
        self.handed(raw_body)
    }

    fn drop(&mut self, _: Resource<CurrentRequest>) -> wasmtime::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use hookwright_iml::{Date, Limits, Zone};

    use std::io::{PipeReader, Read};

    use super::built_in::Host;
    use super::log::Host as _;
    use super::*;
    use crate::plugin::Settings;
    use crate::plugin::stopwatch::SlowLane;

    fn state() -> State {
        let environment =
            Environment { now: Date::from_milliseconds(0).unwrap(), zone: Zone::UTC, random: || 0, limits: Limits::default() };
        State::new(Rc::from("slack"), &Settings::default(), SlowLane::new().stopwatch(), environment)
    }

    fn call(name: &str, arguments: usize) -> Result<Vec<u8>, String> {
        let arguments = vec![Value::integer(1); arguments];
        state().call(name.to_owned(), wire::encode_all(&arguments, u64::MAX).unwrap())
    }

    /// What the log has after a plugin has written `message` so many times.
    fn written(message: &str, times: usize) -> String {
        let (mut reader, writer): (PipeReader, _) = std::io::pipe().unwrap();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.try_clone().unwrap()).finish();
        tracing::subscriber::with_default(subscriber, || {
            let mut state = state();
            (0..times).for_each(|_| state.write(log::Level::Warn, message.to_owned()));
        });
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_line_is_one_line_under_the_services_name() {
        let text = written("fine\n2026-01-01 ERROR forged\u{1b}[31m", 1);
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("plugin: fine 2026-01-01 ERROR forged [31m") && text.contains(r#"service="slack""#), "{text}");
    }

    #[test]
    fn a_flood_is_dropped_and_a_long_line_cut() {
        let text = written("flood", 1000);
        assert_eq!(text.lines().count(), LINES as usize, "{text}");
        assert!(text.lines().last().unwrap().contains("logs too much"), "{text}");
        assert!(written(&"x".repeat(1 << 20), 1).len() < LINE + 200);
    }

    #[test]
    fn a_built_in_function_is_called_with_255_arguments_at_most() {
        assert_eq!(wire::decode(&call("sum", 255).unwrap()).unwrap().to_text(), "255");
        assert_eq!(call("sum", 256).unwrap_err(), "a built-in function takes at most 255 arguments, not 256");
    }
}
