//! Functions over text. Positions count UTF-16 units, as in JavaScript.

mod ascii;
mod emoji;
mod units;

use super::{ArgumentError, Arguments, Arity, Call, Example, Family, Function};
use crate::regex;
use crate::value::Value;

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "lower",
        family: Family::Text,
        signature: "lower(text)",
        summary: "Makes all letters small.",
        examples: &[Example::new(r#"lower("Hello ÄÖ")"#, r#""hello äö""#)],
        arity: Arity::exactly(1),
        call: Call::Eager(|arguments| Ok(Value::text(arguments.next_text()?.to_lowercase()))),
    },
    Function {
        name: "upper",
        family: Family::Text,
        signature: "upper(text)",
        summary: "Makes all letters capital.",
        examples: &[Example::new(r#"upper("Hello ä")"#, r#""HELLO Ä""#)],
        arity: Arity::exactly(1),
        call: Call::Eager(|arguments| Ok(Value::text(arguments.next_text()?.to_uppercase()))),
    },
    Function {
        name: "capitalize",
        family: Family::Text,
        signature: "capitalize(text)",
        summary: "Makes the first letter capital and leaves the rest as it is.",
        examples: &[Example::new(r#"capitalize("mAKE it")"#, r#""MAKE it""#)],
        arity: Arity::exactly(1),
        call: Call::Eager(|arguments| Ok(Value::text(capitalized(&arguments.next_text()?)))),
    },
    Function {
        name: "startcase",
        family: Family::Text,
        signature: "startcase(text)",
        summary: "Makes the first letter of every word capital and the others small.",
        examples: &[Example::new(r#"startcase("hello  WORLD")"#, r#""Hello  World""#)],
        arity: Arity::exactly(1),
        call: Call::Eager(|arguments| Ok(Value::text(start_case(&arguments.next_text()?)))),
    },
    Function {
        name: "trim",
        family: Family::Text,
        signature: "trim(text)",
        summary: "Removes white space and line breaks from both ends.",
        examples: &[Example::new(r#"trim("  a b  ")"#, r#""a b""#)],
        arity: Arity::exactly(1),
        call: Call::Eager(trim),
    },
    Function {
        name: "substring",
        family: Family::Text,
        signature: "substring(text; start; [end])",
        summary: "Gives the part from one position to before another, both counted from 0. Positions outside are moved \
                  to the ends, and a start behind the end changes places with it.",
        examples: &[
            Example::new(r#"substring("Hello"; 1; 3)"#, r#""el""#),
            Example::new(r#"substring("Hello"; 3; -1)"#, r#""Hel""#),
            Example::new(r#"substring("Hello"; 3)"#, r#""lo""#),
        ],
        arity: Arity::between(2, 3),
        call: Call::Eager(substring),
    },
    Function {
        name: "indexOf",
        family: Family::Text,
        signature: "indexOf(text; searched; [start])",
        summary: "Gives the position, counted from 0, at which a text is found at or after the start, or -1.",
        examples: &[Example::new(r#"indexOf("Workfront"; "o"; 3)"#, "6"), Example::new(r#"indexOf("Make"; "x")"#, "-1")],
        arity: Arity::between(2, 3),
        call: Call::Eager(index_of),
    },
    Function {
        name: "replace",
        family: Family::Text,
        signature: "replace(text; searched; replacement)",
        summary: "Replaces a text wherever it occurs. A search written /pattern/flags is a JavaScript regular \
                  expression, with the flags g (every match, not only the first), i, m, s and u; in its replacement \
                  $& is the match and $1 to $99 are its groups.",
        examples: &[
            Example::new(r#"replace("a.b.c"; "."; "-")"#, r#""a-b-c""#),
            Example::new(r#"replace("187 23 1"; "/\d+/g"; "X")"#, r#""X X X""#),
            Example::new(r#"replace("is 777"; "/is (\d+)/"; "+420$1")"#, r#""+420777""#),
            Example::new(r#"replace("x-y"; "-"; "")"#, r#""xy""#),
        ],
        arity: Arity::exactly(3),
        call: Call::Eager(replace),
    },
    Function {
        name: "replaceEmojiCharacters",
        family: Family::Text,
        signature: "replaceEmojiCharacters(text; replacement)",
        summary: "Replaces every emoji; one that is put together from several characters counts once.",
        examples: &[
            Example::new(r#"replaceEmojiCharacters("hi 😀!"; "x")"#, r#""hi x!""#),
            Example::new(r#"replaceEmojiCharacters("👨‍👩‍👧 7 🇨🇿"; "x")"#, r#""x 7 x""#),
        ],
        arity: Arity::exactly(2),
        call: Call::Eager(replace_emoji),
    },
    Function {
        name: "split",
        family: Family::Text,
        signature: "split(text; separator; [keepEmpty])",
        summary: "Cuts a text at every separator and trims the pieces; empty ones are left out unless the third \
                  argument is true.",
        examples: &[
            Example::new(r#"split("John, George,, Paul"; ",")"#, r#"["John","George","Paul"]"#),
            Example::new(r#"split("a,,b"; ","; true)"#, r#"["a","","b"]"#),
        ],
        arity: Arity::between(2, 3),
        call: Call::Eager(split),
    },
    Function {
        name: "ascii",
        family: Family::Text,
        signature: "ascii(text; [removeDiacritics])",
        summary: "Drops every character that is not ASCII; with true, letters lose their diacritics first.",
        examples: &[
            Example::new(r#"ascii("ěMščařžkýáeíé")"#, r#""Make""#),
            Example::new(r#"ascii("ěščřž Łódź"; true)"#, r#""escrz Lodz""#),
        ],
        arity: Arity::between(1, 2),
        call: Call::Eager(to_ascii),
    },
];

type Result<T> = std::result::Result<T, ArgumentError>;

fn capitalized(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    first.collect::<String>() + rest.as_str()
}

/// Words are what stands between white space.
fn start_case(text: &str) -> String {
    let pieces = text.split_inclusive(char::is_whitespace);
    pieces.map(|piece| capitalized(&piece.to_lowercase())).collect()
}

/// What JavaScript's `trim` removes.
fn is_blank(character: char) -> bool {
    character == '\u{FEFF}' || (character.is_whitespace() && character != '\u{85}')
}

fn trim<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>> {
    let text = arguments.next_text()?;
    let start = text.len() - text.trim_start_matches(is_blank).len();
    let end = text.trim_end_matches(is_blank).len();
    Ok(Value::from(text.slice(start..end.max(start))))
}

fn substring<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>> {
    let text = arguments.next_text()?;
    let start = arguments.next_integer()?;
    let end = arguments.optional_integer()?.unwrap_or(i64::MAX);
    let (start, end) = (units::clamp(start.min(end)), units::clamp(start.max(end)));
    if text.is_ascii() {
        let start = start.min(text.len());
        return Ok(Value::from(text.slice(start..end.min(text.len()))));
    }
    Ok(Value::text(units::substring(&text, start, end)))
}

fn index_of<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>> {
    let text = arguments.next_text()?;
    let searched = arguments.next_text()?;
    let start = units::clamp(arguments.optional_integer()?.unwrap_or(0));
    let found = units::index_of(&text, &searched, start);
    Ok(Value::integer(found.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1)))
}

fn replace<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>> {
    let text = arguments.next_text()?;
    let searched = arguments.next_text()?;
    let replacement = arguments.next_text()?;
    let size = arguments.environment().limits.size;
    if let Some(regex) = regex::literal(&searched) {
        let replaced = regex.replace(&text, &replacement, size, arguments.budget());
        return replaced.map(Value::text).map_err(|error| refused(arguments, &error));
    }
    let count = if searched.is_empty() { 0 } else { text.matches(&*searched).count() };
    if count == 0 {
        return Ok(Value::from(text));
    }
    check_growth(&text, count, replacement.len().saturating_sub(searched.len()), size)?;
    Ok(Value::text(text.replace(&*searched, &replacement)))
}

/// What is said of a regular expression that did not run to its end, and of which argument.
fn refused(arguments: &Arguments<'_, '_>, error: &regex::Error) -> ArgumentError {
    match error {
        regex::Error::ResultTooLong(_) => ArgumentError::new(error.to_string()),
        regex::Error::Interrupted(interrupt) => (*interrupt).into(),
        _ => arguments.blame(1, error),
    }
}

/// An error if a text that grows by so many bytes so many times is too large.
fn check_growth(text: &str, times: usize, bytes: usize, size: usize) -> Result<()> {
    if times.saturating_mul(bytes).saturating_add(text.len()) <= size {
        return Ok(());
    }
    Err(ArgumentError::new(format!("the text grows beyond {size} bytes")))
}

fn replace_emoji<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>> {
    let text = arguments.next_text()?;
    let replacement = arguments.next_text()?;
    if text.is_ascii() {
        return Ok(Value::from(text));
    }
    let characters = text.chars().filter(|character| !character.is_ascii()).count();
    check_growth(&text, characters, replacement.len(), arguments.environment().limits.size)?;
    Ok(Value::text(emoji::replace(&text, &replacement)))
}

fn split<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>> {
    let text = arguments.next_text()?;
    let separator = arguments.next_text()?;
    let keep_empty = arguments.next_boolean();
    let whole = text.as_str().as_ptr() as usize;
    let piece = |piece: &str| {
        let piece = piece.trim_matches(is_blank);
        let start = piece.as_ptr() as usize - whole;
        text.slice(start..start + piece.len())
    };
    let pieces: Box<dyn Iterator<Item = &str>> = if separator.is_empty() {
        Box::new(text.char_indices().map(|(at, character)| &text[at..at + character.len_utf8()]))
    } else {
        Box::new(text.split(&*separator))
    };
    let kept = pieces.map(piece).filter(|piece| keep_empty || !piece.is_empty());
    let kept: Vec<_> = kept.take(arguments.environment().limits.elements() + 1).map(Value::from).collect();
    arguments.allow_elements(kept.len())?;
    Ok(Value::array(kept))
}

fn to_ascii<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>> {
    let text = arguments.next_text()?;
    let remove_diacritics = arguments.next_boolean();
    if text.is_ascii() {
        return Ok(Value::from(text));
    }
    let text = if remove_diacritics { ascii::without_diacritics(&text) } else { text.to_string() };
    Ok(Value::text(text.chars().filter(char::is_ascii).collect::<String>()))
}
