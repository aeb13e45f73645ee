//! The functions beyond the built-in ones, as a template's compiler sees them.

use crate::functions::Arity;

/// What is known of a custom function when a template is compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The name by which expressions call it.
    pub name: String,
    /// Its parameters in order.
    pub parameters: Vec<Parameter>,
    /// What it does, in one sentence.
    pub summary: String,
}

/// One parameter of a custom function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Whether a call may leave it out.
    pub optional: bool,
    /// Whether it takes all further arguments; only the last may.
    pub variadic: bool,
}

impl Signature {
    /// How it is called, as a reference shows it: `name(a; [b]; …)`.
    pub fn shown(&self) -> String {
        let parameters = self.parameters.iter().map(|parameter| match (parameter.optional, parameter.variadic) {
            (_, true) => format!("[{}; …]", parameter.name),
            (true, false) => format!("[{}]", parameter.name),
            (false, false) => parameter.name.clone(),
        });
        format!("{}({})", self.name, parameters.collect::<Vec<_>>().join("; "))
    }

    /// How many arguments a call may have.
    pub fn arity(&self) -> Arity {
        let required = self.parameters.iter().take_while(|parameter| !parameter.optional && !parameter.variadic).count();
        let variadic = self.parameters.last().is_some_and(|parameter| parameter.variadic);
        Arity { required, maximum: (!variadic).then_some(self.parameters.len()) }
    }
}

/// The custom functions that a template may call.
pub trait Library {
    /// The custom function of that name.
    fn custom(&self, name: &str) -> Option<&Signature>;

    /// The names of all of them, for "did you mean".
    fn custom_names(&self) -> Vec<&str>;

    /// Whether the custom function of that name stands in the place of the built-in one, as on Make.
    fn may_shadow(&self, _name: &str) -> bool {
        false
    }

    /// The help line for a call of a function that is neither built in nor here; `nearest` is a function of nearly that name.
    fn help_with_unknown(&self, _name: &str, nearest: Option<&str>) -> Option<String> {
        nearest.map(did_you_mean)
    }
}

/// The usual help line for a name that is nearly another one.
pub fn did_you_mean(nearest: &str) -> String {
    format!("did you mean `{nearest}`?")
}

/// A library without custom functions.
#[derive(Debug, Clone, Copy)]
pub struct NoCustom;

impl Library for NoCustom {
    fn custom(&self, _name: &str) -> Option<&Signature> {
        None
    }

    fn custom_names(&self) -> Vec<&str> {
        Vec::new()
    }
}
