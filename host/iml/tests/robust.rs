//! Nothing an author can write makes the language panic: templates and calls made at random, always the same ones.
#![allow(clippy::unwrap_used)]

use hookwright_iml::notation::Context;
use hookwright_iml::{Date, Environment, Limits, NoCustom, Template, Zone, functions, json};

const WORDS: &[&str] = &[
    "{{",
    "}}",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ",",
    ";",
    ".",
    ":",
    "'",
    "\"",
    "`",
    "a",
    "b",
    "1",
    "-2",
    "0.5",
    "and",
    "or",
    "now",
    "if(",
    "first(",
    "map(",
    "+",
    "++",
    "-",
    "*",
    "/",
    "%",
    "=",
    "!=",
    "<",
    "!",
    "&",
    "|",
    " ",
    "\n",
    "é",
    "😀",
    "'x'",
    "null",
    "emptyarray",
    "?",
    "\\",
];

const ARGUMENTS: &[&str] = &[
    "null",
    "undefined",
    "true",
    "0",
    "-1",
    "1.5",
    "99999999999999999999",
    "1e300",
    "9223372036854775807",
    "-9223372036854775808",
    "''",
    "'a'",
    "'é😀'",
    "'😀'",
    "space",
    "'2024-02-30'",
    "'2024-01-31T10:00:00Z'",
    "now",
    "text",
    "list",
    "people",
    "object",
    "bytes",
    "'/(a|b)*c/g'",
    "'/[/'",
    "'/./g'",
    "'$1$&'",
    "'YYYY-MM-DD[T]HH:mm'",
    "'Europe/Prague'",
    "'base64'",
    "'hex'",
    "'k'",
    "'k.l[2].m'",
    "','",
    "emptyarray",
    "emptystring",
    "'9'",
    "-99999",
];

const CONTEXT: &str = r#"{"text": "Příliš 😀 žluťoučký\u0000 kůň", "list": [3, "b", null, [1, [2]], {"k": 1}, 0.1], "people": [{"k": "a"}, {"k": "B"}, {}],
    "object": {"k": {"l": [1, {"m": 2}]}, "": 1}, "bytes": {"$buffer": "/wDD"}, "a": 1, "b": "x"}"#;

/// Knuth's linear congruential generator: the same templates on every machine.
struct Dice(u64);

impl Dice {
    fn roll<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }

    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % count
    }
}

fn run(template: &str) {
    let Ok((template, _)) = Template::compile(template, &NoCustom) else { return };
    let context = json::Document::parse(CONTEXT).unwrap();
    let limits = Limits { size: 1 << 20, depth: 128 };
    let now = Date::from_milliseconds(1_709_164_800_000).unwrap();
    let environment = Environment { now, zone: Zone::get("Europe/Prague").unwrap(), random: || 0x1234_5678_9ABC_DEF0, limits };
    let scope = Context::read(context.root(), &environment).unwrap();
    let mut out = Vec::new();
    if let Ok(value) = template.evaluate(&scope) {
        value.write_notation(&mut out);
        value.write_json(&mut out);
        value.to_text();
        value.into_owned().write_json(&mut out);
    }
}

#[test]
fn templates_made_at_random_do_not_panic() {
    let mut dice = Dice(1);
    for _ in 0..6_000 {
        let length = 1 + dice.below(20);
        let words: String = (0..length).map(|_| dice.roll(WORDS)).collect();
        run(&words);
        run(&format!("{{{{{words}}}}}"));
    }
}

#[test]
fn every_function_takes_anything_without_panicking() {
    let mut dice = Dice(2);
    for function in functions::all() {
        for _ in 0..80 {
            let most = function.arity.maximum.unwrap_or(function.arity.required + 3);
            let count = function.arity.required + dice.below(most - function.arity.required + 1);
            let arguments: Vec<&str> = (0..count).map(|_| dice.roll(ARGUMENTS)).collect();
            run(&format!("{{{{{}({})}}}}", function.name, arguments.join("; ")));
        }
    }
}

#[test]
fn a_template_may_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Template>();
}
