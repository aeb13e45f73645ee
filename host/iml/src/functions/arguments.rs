//! The cursor from which a function takes its arguments, each in the type it wants.

use std::fmt::Display;

use super::Function;
use crate::budget::{Budget, Interrupt};
use crate::scope::{Environment, Scope};
use crate::value::{Array, Collection, Date, Number, Text, Value};

/// The evaluated arguments of one call. Each `next_...` takes the next one as the type its name says;
/// `optional_...` gives none where the argument is left out, missing or null.
pub(crate) struct Arguments<'a, 'v> {
    function: &'static Function,
    values: &'a [Value<'v>],
    taken: usize,
    environment: &'a Environment,
    budget: &'a dyn Budget,
}

/// No path to a member is longer; one that is would come from a sender who wants to keep the host busy.
const PATH_LENGTH: usize = 1_000;

/// Why a function failed. The evaluator adds the function's name and the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArgumentError {
    /// The argument it is about, counted from 0; none: the whole call.
    pub(crate) position: Option<usize>,
    /// What is wrong, as the end of "`name`: ...".
    pub(crate) message: String,
    /// Set where nothing is wrong: the call was ended.
    pub(crate) interrupt: Option<Interrupt>,
}

impl ArgumentError {
    /// An error of the whole call.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { position: None, message: message.into(), interrupt: None }
    }
}

impl From<Interrupt> for ArgumentError {
    fn from(interrupt: Interrupt) -> Self {
        Self { interrupt: Some(interrupt), ..Self::new(interrupt.to_string()) }
    }
}

impl<'a, 'v> Arguments<'a, 'v> {
    pub(crate) fn new(function: &'static Function, values: &'a [Value<'v>], scope: &'a dyn Scope<'v>) -> Self {
        Self { function, values, taken: 0, environment: scope.environment(), budget: scope.budget() }
    }

    /// Clock, zone, random source and limits.
    pub(crate) fn environment(&self) -> &'a Environment {
        self.environment
    }

    /// What watches over the time and the memory of the call.
    pub(crate) fn budget(&self) -> &'a dyn Budget {
        self.budget
    }

    /// How many arguments the call has, the taken ones included.
    pub(crate) fn count(&self) -> usize {
        self.values.len()
    }

    /// All arguments that have not been taken.
    pub(crate) fn rest(&mut self) -> &'a [Value<'v>] {
        let rest = &self.values[self.taken.min(self.values.len())..];
        self.taken = self.values.len();
        rest
    }

    /// The next argument as it is; missing when it is left out.
    pub(crate) fn next_value(&mut self) -> Value<'v> {
        self.taken += 1;
        self.values.get(self.taken - 1).cloned().unwrap_or_default()
    }

    /// The next argument as it is; none where it is left out, missing or null.
    pub(crate) fn optional_value(&mut self) -> Option<Value<'v>> {
        Some(self.next_value()).filter(|value| !value.is_nothing())
    }

    /// An error about the argument taken last: what it must be, and of what kind it is ("missing", "an array").
    /// Its value is not for messages: where arguments are swapped it may be a secret.
    pub(crate) fn wrong(&self, wanted: impl Display, came: impl Display) -> ArgumentError {
        let position = self.taken.saturating_sub(1);
        let message = format!("{} must be {wanted}, but is {came}", self.shown(position));
        ArgumentError { position: Some(position), ..ArgumentError::new(message) }
    }

    /// An error about the argument at `position`, counted from 0, which is of the right kind.
    pub(crate) fn blame(&self, position: usize, why: impl Display) -> ArgumentError {
        ArgumentError { position: Some(position), ..ArgumentError::new(format!("{}: {why}", self.shown(position))) }
    }

    /// How a message names the argument at `position`: "argument 2 (key)".
    fn shown(&self, position: usize) -> String {
        let name = self.function.parameter_name(position).map(|name| format!(" ({name})")).unwrap_or_default();
        format!("argument {}{name}", position + 1)
    }

    /// The next argument as text: nothing is `""`, other types as in mixed text.
    pub(crate) fn next_text(&mut self) -> Result<Text<'v>, ArgumentError> {
        let value = self.next_value();
        self.text_of(value)
    }

    /// As [`Arguments::next_text`], none where it is left out.
    pub(crate) fn optional_text(&mut self) -> Result<Option<Text<'v>>, ArgumentError> {
        self.optional_value().map(|value| self.text_of(value)).transpose()
    }

    /// The next argument as the text of a path.
    pub(crate) fn next_path(&mut self) -> Result<Text<'v>, ArgumentError> {
        let text = self.next_text()?;
        if text.len() > PATH_LENGTH { Err(self.wrong(format!("a path of at most {PATH_LENGTH} bytes"), "longer")) } else { Ok(text) }
    }

    /// As [`Arguments::next_path`], none where it is left out.
    pub(crate) fn optional_path(&mut self) -> Result<Option<Text<'v>>, ArgumentError> {
        self.optional(Self::next_path)
    }

    /// Any value as text, within the limit of size.
    pub(crate) fn text_of(&self, value: Value<'v>) -> Result<Text<'v>, ArgumentError> {
        let limits = &self.environment.limits;
        value.into_text_within(limits).ok_or_else(|| ArgumentError::new(format!("a text grows beyond {} bytes", limits.size)))
    }

    /// The next argument as a number: a number, or a text that is one.
    pub(crate) fn next_number(&mut self) -> Result<Number<'v>, ArgumentError> {
        match self.next_value() {
            Value::Number(number) => Ok(number),
            Value::Text(text) => Number::parse(&text).ok_or_else(|| self.wrong("a number", "a text that is not one")),
            other => Err(self.wrong("a number", other.described())),
        }
    }

    /// The next argument as a double.
    pub(crate) fn next_f64(&mut self) -> Result<f64, ArgumentError> {
        let number = self.next_number()?.to_f64();
        if number.is_finite() { Ok(number) } else { Err(self.wrong("a number within range", "one beyond")) }
    }

    /// The next argument as a whole number; a fraction is cut off toward zero.
    pub(crate) fn next_integer(&mut self) -> Result<i64, ArgumentError> {
        let number = self.next_number()?;
        if let Some(integer) = number.as_i64() {
            return Ok(integer);
        }
        let float = number.to_f64().trunc();
        if float.abs() < 9.2e18 { Ok(float as i64) } else { Err(self.wrong("a number within range", "one beyond")) }
    }

    /// As [`Arguments::next_integer`], none where it is left out.
    pub(crate) fn optional_integer(&mut self) -> Result<Option<i64>, ArgumentError> {
        self.optional(Self::next_integer)
    }

    /// The next argument as a date: a date, a text that is one ([`Date::parse`]), milliseconds since 1970.
    pub(crate) fn next_date(&mut self) -> Result<Date, ArgumentError> {
        match self.next_value() {
            Value::Date(date) => Ok(date),
            Value::Text(text) => Date::parse(&text, &self.environment.zone).ok_or_else(|| self.wrong("a date", "a text that is not one")),
            Value::Number(number) => {
                let date = number.as_i64().or(Some(number.to_f64().floor() as i64)).and_then(Date::from_milliseconds);
                date.ok_or_else(|| self.wrong("a date", "a number beyond the years of a date"))
            }
            other => Err(self.wrong("a date", other.described())),
        }
    }

    /// The next argument as true or false, by the rule for typed fields: texts are true unless `""` or
    /// `"false"`, numbers always, anything else unless null.
    pub(crate) fn next_boolean(&mut self) -> bool {
        match self.next_value() {
            Value::Bool(value) => value,
            Value::Text(text) => !text.is_empty() && &*text != "false",
            other => !other.is_nothing(),
        }
    }

    /// The next argument as an array: nothing is an empty one, any other value is an array of itself.
    pub(crate) fn next_array(&mut self) -> Result<Array<'v>, ArgumentError> {
        let array = match self.next_value() {
            Value::Array(array) => array,
            Value::Missing | Value::Null => Array::from(Vec::new()),
            other => Array::from(vec![other]),
        };
        self.allow_elements(array.len())?;
        Ok(array)
    }

    /// An error if an array of so many elements is beyond the limits.
    pub(crate) fn allow_elements(&self, count: usize) -> Result<(), ArgumentError> {
        let most = self.environment.limits.elements();
        if count > most { Err(ArgumentError::new(format!("an array has more than {most} elements"))) } else { Ok(()) }
    }

    /// The next argument as a collection; nothing is an empty one.
    pub(crate) fn next_collection(&mut self) -> Result<Collection<'v>, ArgumentError> {
        match self.next_value() {
            Value::Collection(collection) => Ok(collection),
            Value::Missing | Value::Null => Ok(Collection::from(Vec::new())),
            other => Err(self.wrong("a collection", other.described())),
        }
    }

    fn optional<T>(&mut self, take: impl Fn(&mut Self) -> Result<T, ArgumentError>) -> Result<Option<T>, ArgumentError> {
        if self.values.get(self.taken).is_none_or(Value::is_nothing) {
            self.taken += 1;
            return Ok(None);
        }
        take(self).map(Some)
    }
}

impl Function {
    /// The name of the parameter at `position`, read from the signature; a repeated one has its last name.
    pub(crate) fn parameter_name(&self, position: usize) -> Option<&'static str> {
        let (_, list) = self.signature.split_once('(')?;
        let names = list.trim_end_matches(')').split(';').map(|name| name.trim_matches([' ', '[', ']', '…']));
        let mut names = names.filter(|name| !name.is_empty());
        names.clone().nth(position).or_else(|| names.next_back())
    }
}
