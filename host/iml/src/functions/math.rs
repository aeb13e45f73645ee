//! Functions over numbers. How numbers are written and read is in [`digits`].

mod digits;
mod statistics;

use super::{ArgumentError, Arguments, Arity, Call, Example, Family, Function};
use crate::value::{Number, Text, Value};

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "abs",
        family: Family::Math,
        signature: "abs(number)",
        summary: "Gives the number without its sign.",
        examples: &[Example::new("abs(-5.25)", "5.25")],
        arity: Arity::exactly(1),
        call: Call::Eager(abs),
    },
    Function {
        name: "ceil",
        family: Family::Math,
        signature: "ceil(number)",
        summary: "Gives the smallest whole number that is not less.",
        examples: &[Example::new("ceil(1.2)", "2"), Example::new("ceil(-1.2)", "-1")],
        arity: Arity::exactly(1),
        call: Call::Eager(|arguments| whole(arguments, f64::ceil)),
    },
    Function {
        name: "floor",
        family: Family::Math,
        signature: "floor(number)",
        summary: "Gives the greatest whole number that is not more.",
        examples: &[Example::new("floor(1.9)", "1"), Example::new("floor(-1.2)", "-2")],
        arity: Arity::exactly(1),
        call: Call::Eager(|arguments| whole(arguments, f64::floor)),
    },
    Function {
        name: "round",
        family: Family::Math,
        signature: "round(number)",
        summary: "Gives the nearest whole number; a half goes up, as in JavaScript.",
        examples: &[Example::new("round(1.5)", "2"), Example::new("round(-1.5)", "-1"), Example::new("round(-1.6)", "-2")],
        arity: Arity::exactly(1),
        call: Call::Eager(|arguments| whole(arguments, half_up)),
    },
    Function {
        name: "trunc",
        family: Family::Math,
        signature: "trunc(number; [decimals])",
        summary: "Cuts off the digits after so many decimals (none if it is left out); a negative number of decimals \
                  makes digits before the point zero.",
        examples: &[Example::new("trunc(-4.9)", "-4"), Example::new("trunc(1.159; 2)", "1.15"), Example::new("trunc(123; -2)", "100")],
        arity: Arity::between(1, 2),
        call: Call::Eager(trunc),
    },
    Function {
        name: "parseNumber",
        family: Family::Math,
        signature: "parseNumber(text; [decimalSeparator])",
        summary: "Reads a number whose decimal separator is a point (if nothing is named) or a comma; blanks and the \
                  other of the two marks group digits. What is no number is an error.",
        examples: &[Example::new(r#"parseNumber("1 756,456"; ",")"#, "1756.456"), Example::new(r#"parseNumber("1,756.50")"#, "1756.5")],
        arity: Arity::between(1, 2),
        call: Call::Eager(parse_number),
    },
    Function {
        name: "formatNumber",
        family: Family::Math,
        signature: "formatNumber(number; decimals; [decimalSeparator]; [groupSeparator])",
        summary: "Writes a number with so many decimals, rounded half away from zero, and with its thousands grouped; \
                  the separators are a comma and a point if nothing is named.",
        examples: &[
            Example::new(r#"formatNumber(123456789; 3; ","; ".")"#, r#""123.456.789,000""#),
            Example::new("formatNumber(-1234.55; 1)", r#""-1.234,6""#),
            Example::new(r#"formatNumber(1234.5; 0; "."; "")"#, r#""1235""#),
        ],
        arity: Arity::between(2, 4),
        call: Call::Eager(format_number),
    },
    statistics::SUM,
    statistics::AVERAGE,
    statistics::MIN,
    statistics::MAX,
    statistics::MEDIAN,
    statistics::STDEV_S,
    statistics::STDEV_P,
];

type Result<T> = std::result::Result<T, ArgumentError>;

fn abs<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>> {
    let number = next_finite(arguments)?;
    let text = number.text();
    Ok(Value::decimal_text(text.strip_prefix('-').unwrap_or(&text).to_owned()))
}

/// Rounds what is not whole already; whole numbers of any size stay as they are.
fn whole<'v>(arguments: &mut Arguments<'_, 'v>, round: fn(f64) -> f64) -> Result<Value<'v>> {
    let number = next_finite(arguments)?;
    if number.text().contains('.') {
        return Ok(Value::number(round(number.to_f64())));
    }
    Ok(Value::from(number))
}

fn half_up(number: f64) -> f64 {
    let below = number.floor();
    if number - below >= 0.5 { below + 1.0 } else { below }
}

fn trunc<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>> {
    let number = next_finite(arguments)?;
    let decimals = arguments.optional_integer()?.unwrap_or(0);
    Ok(Value::decimal_text(digits::cut(&number.text(), decimals)))
}

fn parse_number<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>> {
    let value = arguments.next_value();
    if let Value::Number(number) = value {
        return Ok(Value::from(number));
    }
    let text = arguments.text_of(value)?;
    let not_a_number = arguments.wrong("a number", "a text that is not one");
    let separator = arguments.optional_text()?.filter(|separator| !separator.is_empty());
    let number = digits::read(&text, separator.as_deref().unwrap_or("."));
    number.map(Value::from).ok_or(not_a_number)
}

/// More decimals are nobody's number, and a bound keeps the result small.
const MOST_DECIMALS: usize = 1_000;

fn format_number<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>> {
    let number = next_finite(arguments)?;
    let decimals = usize::try_from(arguments.next_integer()?).ok();
    let decimals =
        decimals.filter(|decimals| *decimals <= MOST_DECIMALS).ok_or_else(|| arguments.wrong("from 0 to 1000", "outside of that"))?;
    let decimal_separator = next_separator(arguments)?;
    let group_separator = next_separator(arguments)?;
    Ok(Value::text(digits::write(
        &number.text(),
        decimals,
        decimal_separator.as_deref().unwrap_or(","),
        group_separator.as_deref().unwrap_or("."),
    )))
}

/// No separator is longer; it comes once for every three digits.
const SEPARATOR_LENGTH: usize = 100;

fn next_separator<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Option<Text<'v>>> {
    let separator = arguments.optional_text()?;
    match separator {
        Some(separator) if separator.len() > SEPARATOR_LENGTH => {
            Err(arguments.wrong(format!("at most {SEPARATOR_LENGTH} bytes long"), "longer"))
        }
        separator => Ok(separator),
    }
}

/// The next argument as a number that a double can hold: one of a document may be larger.
fn next_finite<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Number<'v>> {
    let number = arguments.next_number()?;
    if number.to_f64().is_finite() { Ok(number) } else { Err(arguments.wrong("a number within range", "one beyond")) }
}
