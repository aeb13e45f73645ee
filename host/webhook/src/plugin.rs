//! What a spec needs of a plugin: at load, what it offers; at a request, its answers.

use hookwright_iml::{CallError, Library, Signature, Value, did_you_mean};

use crate::Request;

/// What a plugin offers, known when a spec is loaded, so that a name that cannot resolve is an error then.
pub trait Exports {
    /// Its IML functions.
    fn functions(&self) -> &[Signature];

    /// The names of its uid extractors; a single one serves every webhook of its service, of several each the one of its name.
    fn extractors(&self) -> &[String];

    /// Whether its functions may take the place of built-in ones, as a Make app's own functions may.
    fn may_shadow(&self) -> bool {
        false
    }

    /// Whether its functions see the parameters of the hook that is served, so that a template which calls any has an
    /// answer for each recipient only.
    fn sees_parameters(&self) -> bool {
        false
    }

    /// The help line for a call of a function that is neither built in nor offered; `nearest` is a function of nearly that name.
    fn help_with_unknown(&self, _function: &str, nearest: Option<&str>) -> Option<String> {
        nearest.map(did_you_mean)
    }
}

/// A plugin at work on one request. Its memory begins with the request and ends with it.
pub trait Plugin {
    /// Calls one of the [`Exports::functions`].
    ///
    /// # Errors
    /// The message that the plugin gave, or why it was stopped.
    fn call(&self, function: &str, arguments: &[Value<'_>], confidential: &Confidential<'_>) -> Result<Value<'static>, CallError>;

    /// The uids that one of the [`Exports::extractors`] finds: in `item`, where the spec iterates, else in the request.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    fn uids(
        &self,
        extractor: &str,
        request: &Request<'_>,
        item: Option<&Value<'_>>,
        confidential: &Confidential<'_>,
    ) -> Result<Vec<String>, CallError>;
}

/// What belongs to the service and to the recipient at the moment of a call. A plugin is shown of it what the operator
/// has granted; that is for whoever runs the plugin to see to.
#[derive(Clone, Debug, Default)]
pub struct Confidential<'v> {
    /// The service's secrets: `common` in the spec.
    pub common: Value<'v>,
    /// The parameters of the hook that is served: `parameters` in the spec; missing where there is no one hook.
    pub parameters: Value<'v>,
}

/// The functions a spec may call beyond the built-in ones.
pub(crate) struct PluginLibrary<'p>(pub Option<&'p dyn Exports>);

impl PluginLibrary<'_> {
    fn functions(&self) -> &[Signature] {
        self.0.map_or(&[], Exports::functions)
    }
}

impl Library for PluginLibrary<'_> {
    fn custom(&self, name: &str) -> Option<&Signature> {
        self.functions().iter().find(|signature| signature.name == name)
    }

    fn custom_names(&self) -> Vec<&str> {
        self.functions().iter().map(|signature| signature.name.as_str()).collect()
    }

    fn may_shadow(&self, _name: &str) -> bool {
        self.0.is_some_and(Exports::may_shadow)
    }

    fn help_with_unknown(&self, name: &str, nearest: Option<&str>) -> Option<String> {
        match self.0 {
            Some(plugin) => plugin.help_with_unknown(name, nearest),
            None => nearest.map(did_you_mean),
        }
    }
}
