//! Evaluates compiled expressions.

use smallvec::SmallVec;

use crate::compile::{Code, Compiled, Step};
use crate::error::{CallError, Error};
use crate::functions::{Arguments, Call, Function, LazyArguments};
use crate::operators::{self, Culprit, Failure};
use crate::path;
use crate::scope::{Environment, Scope};
use crate::token::Operator;
use crate::value::{Number, Text, Value};

/// Evaluates one expression against a scope.
///
/// # Errors
/// What failed, with the bytes of the source that it is about.
pub(crate) fn evaluate<'v>(compiled: &'v Compiled, scope: &dyn Scope<'v>) -> Result<Value<'v>, Error> {
    match &compiled.code {
        Code::Constant(constant) => Ok(constant.value()),
        Code::Variable(name) => Ok(scope.variable(name)),
        Code::Path { base, steps } => read_path(base, steps, scope),
        Code::Now => Ok(Value::Date(scope.environment().now)),
        Code::Timestamp => Ok(Value::integer(scope.environment().now.milliseconds().div_euclid(1000))),
        Code::Random => Ok(random(scope.environment())),
        Code::Uuid => Ok(Value::text(uuid(scope.environment()))),
        Code::Not(operand) => Ok(Value::Bool(!evaluate(operand, scope)?.is_truthy())),
        Code::Negate(operand) => {
            let value = evaluate(operand, scope)?;
            operators::negate(&value).map_err(|failure| operand.error(failure.message))
        }
        Code::Chain { first, rest } => chain(compiled, first, rest, scope),
        Code::And(operands) => first_that(operands, scope, |value| !value.is_truthy()),
        Code::Or(operands) => first_that(operands, scope, Value::is_truthy),
        Code::Joined(parts) => join(compiled, parts, scope),
        Code::Call { function, arguments } => call(compiled, function, arguments, scope),
        Code::Custom { name, arguments } => {
            let values: Values<'v> = evaluate_all(arguments, scope)?;
            scope
                .call(name, &values)
                .map_err(|CallError { message, interrupt }| Error { interrupt, ..compiled.error(format!("`{name}`: {message}")) })
        }
        Code::Array(items) => Ok(Value::array(evaluate_all(items, scope)?)),
        Code::Collection(pairs) => collection(pairs, scope),
    }
}

/// The values of arguments; four have room on the stack.
type Values<'v> = SmallVec<[Value<'v>; 4]>;

fn evaluate_all<'v, C: FromIterator<Value<'v>>>(all: &'v [Compiled], scope: &dyn Scope<'v>) -> Result<C, Error> {
    all.iter().map(|one| evaluate(one, scope)).collect()
}

fn read_path<'v>(base: &'v Compiled, steps: &'v [Step], scope: &dyn Scope<'v>) -> Result<Value<'v>, Error> {
    let mut value = evaluate(base, scope)?;
    for step in steps {
        value = match step {
            Step::Member(name) => path::member(&value, name),
            Step::First => path::first(&value),
            Step::At(position) => path::at(&value, *position),
            Step::Index(index) => path::index(&value, &evaluate(index, scope)?),
        };
    }
    Ok(value)
}

/// The first operand of which `decisive` holds, else the last; those behind it are not evaluated.
fn first_that<'v>(operands: &'v [Compiled], scope: &dyn Scope<'v>, decisive: impl Fn(&Value<'v>) -> bool) -> Result<Value<'v>, Error> {
    let mut value = Value::Missing;
    for operand in operands {
        value = evaluate(operand, scope)?;
        if decisive(&value) {
            break;
        }
    }
    Ok(value)
}

/// Operators from left to right. Once a `+` has made a text, further ones append to it in place.
fn chain<'v>(
    whole: &'v Compiled,
    first: &'v Compiled,
    rest: &'v [(Operator, Compiled)],
    scope: &dyn Scope<'v>,
) -> Result<Value<'v>, Error> {
    let mut left = Running::Value(evaluate(first, scope)?);
    for (index, (operator, operand)) in rest.iter().enumerate() {
        let right = evaluate(operand, scope)?;
        left = left.apply(*operator, right, scope.environment()).map_err(|failure| match failure.culprit {
            Culprit::Left if index == 0 => first.error(failure.message),
            Culprit::Right => operand.error(failure.message),
            _ => whole.error(failure.message),
        })?;
    }
    Ok(left.into_value())
}

/// What a chain of operators has come to.
enum Running<'v> {
    Value(Value<'v>),
    /// A text that is still being appended to.
    Text(String),
}

impl<'v> Running<'v> {
    fn apply(self, operator: Operator, right: Value<'v>, environment: &Environment) -> Result<Self, Failure> {
        let limits = &environment.limits;
        let mut joined = match self {
            Self::Text(text) if operator == Operator::Add => text,
            Self::Value(left) if operator == Operator::Add && (is_text(&left) || is_text(&right)) => {
                let mut joined = String::new();
                operators::append(&mut joined, &left, limits)?;
                joined
            }
            left => {
                return operators::apply(operator, left.into_value(), right, &environment.zone, limits).map(Self::Value);
            }
        };
        operators::append(&mut joined, &right, limits)?;
        Ok(Self::Text(joined))
    }

    fn into_value(self) -> Value<'v> {
        match self {
            Self::Value(value) => value,
            Self::Text(text) => Value::text(text),
        }
    }
}

fn is_text(value: &Value<'_>) -> bool {
    matches!(value, Value::Text(_))
}

fn join<'v>(whole: &'v Compiled, parts: &'v [Compiled], scope: &dyn Scope<'v>) -> Result<Value<'v>, Error> {
    let mut joined = String::new();
    for part in parts {
        let value = evaluate(part, scope)?;
        operators::append(&mut joined, &value, &scope.environment().limits).map_err(|message| whole.error(message))?;
    }
    Ok(Value::text(joined))
}

fn collection<'v>(pairs: &'v [(Box<str>, Compiled)], scope: &dyn Scope<'v>) -> Result<Value<'v>, Error> {
    let mut members = Vec::with_capacity(pairs.len());
    for (key, value) in pairs {
        match evaluate(value, scope)? {
            Value::Missing => {}
            value => members.push(((&**key).into(), value)),
        }
    }
    Ok(Value::collection(members))
}

fn call<'v>(
    whole: &'v Compiled,
    function: &'static Function,
    arguments: &'v [Compiled],
    scope: &dyn Scope<'v>,
) -> Result<Value<'v>, Error> {
    scope.budget().check().map_err(|interrupt| whole.interrupted(interrupt))?;
    match function.call {
        Call::Lazy(run) => run(&mut Unevaluated { whole, arguments, scope }),
        Call::Eager(run) => {
            let values: Values<'v> = evaluate_all(arguments, scope)?;
            let result = run(&mut Arguments::new(function, &values, scope));
            result.map_err(|error| {
                let place = error.position.and_then(|position| arguments.get(position)).unwrap_or(whole);
                Error { interrupt: error.interrupt, ..place.error(format!("`{}`: {}", function.name, error.message)) }
            })
        }
    }
}

struct Unevaluated<'s, 'v> {
    whole: &'v Compiled,
    arguments: &'v [Compiled],
    scope: &'s dyn Scope<'v>,
}

impl<'v> LazyArguments<'v> for Unevaluated<'_, 'v> {
    fn count(&self) -> usize {
        self.arguments.len()
    }

    fn evaluate(&mut self, index: usize) -> Result<Value<'v>, Error> {
        self.arguments.get(index).map_or(Ok(Value::Missing), |argument| evaluate(argument, self.scope))
    }

    fn text(&self, value: Value<'v>) -> Result<Text<'v>, Error> {
        let limits = &self.scope.environment().limits;
        let text = value.into_text_within(limits);
        text.ok_or_else(|| self.whole.error(operators::too_large(limits)))
    }
}

/// A number from 0 up to but not including 1, with 53 random bits.
fn random<'v>(environment: &Environment) -> Value<'v> {
    let bits = (environment.random)() >> 11;
    Number::from_f64(bits as f64 / (1u64 << 53) as f64).map_or(Value::Null, Value::Number)
}

/// A random UUID: version 4, variant 1 (RFC 9562).
fn uuid(environment: &Environment) -> String {
    let high = (environment.random)() & !0xF000 | 0x4000;
    let low = (environment.random)() >> 2 | 1 << 63;
    format!("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xFFFF, high & 0xFFFF, low >> 48, low & 0xFFFF_FFFF_FFFF)
}
