//! Custom functions and uid extractors, asked through the trait.

use std::cell::Cell;

use hookwright_iml::{CallError, Parameter, Signature, Value};
use hookwright_webhook::{Confidential, Exports, Plugin, Request, sample};

use super::harness::{environment, verdict};

/// Offers `shout` and extractors, each of which finds the texts of `teams` in the item or the body.
struct Example {
    functions: Vec<Signature>,
    extractors: Vec<String>,
    sees_parameters: bool,
    calls: Cell<usize>,
}

impl Example {
    fn new(extractors: &[&str]) -> Self {
        let text = Parameter { name: "text".to_owned(), optional: false, variadic: false };
        let shout = Signature { name: "shout".to_owned(), parameters: vec![text], summary: String::new() };
        let extractors = extractors.iter().map(|&name| name.to_owned()).collect();
        Self { functions: vec![shout], extractors, sees_parameters: false, calls: Cell::new(0) }
    }
}

impl Exports for Example {
    fn functions(&self) -> &[Signature] {
        &self.functions
    }

    fn extractors(&self) -> &[String] {
        &self.extractors
    }

    fn sees_parameters(&self) -> bool {
        self.sees_parameters
    }
}

impl Plugin for Example {
    fn call(&self, function: &str, arguments: &[Value<'_>], confidential: &Confidential<'_>) -> Result<Value<'static>, CallError> {
        let Confidential { common, parameters } = confidential;
        self.calls.set(self.calls.get() + 1);
        match (function, arguments) {
            ("shout", [Value::Text(text)]) if text.as_str() == "who?" => {
                Ok(Value::text(format!("{}/{}", common.get("secret").to_text(), parameters.get("n").to_text())))
            }
            ("shout", [Value::Text(text)]) => Ok(Value::text(text.to_uppercase())),
            _ => Err("a text is what I shout".to_owned().into()),
        }
    }

    fn uids(
        &self,
        _extractor: &str,
        request: &Request<'_>,
        item: Option<&Value<'_>>,
        _: &Confidential<'_>,
    ) -> Result<Vec<String>, CallError> {
        match item.unwrap_or(&request.body).get("teams") {
            Value::Array(teams) => Ok(teams.iter().map(|team| team.to_text().into_owned()).collect()),
            _ => Err("no teams".to_owned().into()),
        }
    }
}

fn check(extractors: &[&str], rows: &[(&str, &str, &str)]) {
    let example = Example::new(extractors);
    for (spec, request, expected) in rows {
        assert_eq!(verdict(spec, request, Some((&example, &example))), *expected, "{spec}");
    }
}

#[test]
fn a_custom_function_answers_or_fails_like_a_built_in_one() {
    check(
        &[],
        &[
            (r#"{"output": "{{shout(body)}}"}"#, "\"hey\"", r#"default => h1="HEY""#),
            (r#"{"output": "{{shout(body)}}"}"#, "5", "default failed in line 1: `shout`: a text is what I shout => nothing"),
        ],
    );
}

#[test]
fn an_example_holds_or_is_said_not_to() {
    let example = Example::new(&[]);
    let check = |expression, result| sample::check_example(expression, result, &example, &example, &environment());
    assert_eq!(check("shout('a' + 'b')", "\"AB\""), None);
    assert_eq!(check("[shout('a'); 1]", "[ \"A\", 1 ]"), None, "spaces make no difference");
    assert_eq!(check("shout('a')", "\"a\"").unwrap(), "the example `shout('a')` gives \"A\", not \"a\"");
    assert!(check("shout(1)", "1").unwrap().ends_with("fails: `shout`: a text is what I shout"));
    assert!(check("shuot(1)", "1").unwrap().contains("shuot"));
    assert!(check("1", "one").unwrap().contains("is to give what is not JSON"));
}

#[test]
fn an_extractor_makes_its_webhook_shared_and_may_find_several_uids() {
    for (extractors, extractor) in [(&["only"][..], "only"), (&["other", "events"], "events")] {
        check(
            extractors,
            &[
                (r#"{"output": 0}"#, r#"{"teams": ["T1", "7"]}"#, "default => T1:h1=0 T1:h2=0 7:h3=0"),
                (r#"{"iterate": "body", "output": 0}"#, r#"[{"teams": ["7"]}, {"teams": []}]"#, "default => 7:h3=0 unmatched"),
                (
                    "{}",
                    "{}",
                    "default failed in line 1: the plugin's uid extractor `events` failed: no teams => nothing"
                        .replace("events", extractor)
                        .as_str(),
                ),
            ],
        );
    }
}

#[test]
fn extractors_of_other_names_leave_the_webhook_dedicated() {
    check(&["some", "other"], &[("{}", "1", "default => h1=1")]);
}

#[test]
fn the_specs_own_uid_wins_over_the_extractor() {
    check(&["events"], &[(r#"{"uid": "{{body.u}}", "output": 0}"#, r#"{"u": 7, "teams": ["T1"]}"#, "default => 7:h3=0")]);
}

#[test]
fn a_call_is_shown_the_services_secrets_and_the_parameters_of_a_dedicated_hook() {
    check(&[], &[(r#"{"output": "{{shout(body)}}"}"#, "\"who?\"", r#"default => h1="key/1""#)]);
}

#[test]
fn where_the_plugin_sees_parameters_every_recipient_is_asked_and_gets_its_own() {
    let example = Example { sees_parameters: true, ..Example::new(&[]) };
    let rows = [
        (r#"{"uid": "T1", "output": "{{shout(body)}}"}"#, r#"default => T1:h1="key/1" T1:h2="key/2""#),
        (r#"{"uid": "T1", "condition": "{{shout(body) = 'key/2'}}", "output": 0}"#, "default => T1:h2=0"),
    ];
    for (spec, expected) in rows {
        assert_eq!(verdict(spec, "\"who?\"", Some((&example, &example))), expected, "{spec}");
    }
}

#[test]
fn a_hook_is_asked_once_for_all_items_unless_they_are_what_is_asked_about() {
    let body = r#"[{"u": "T1"}, {"u": "T1"}, {"u": "T1"}]"#;
    for (condition, calls) in [("shout(headers.host) = parameters.n", 2), ("shout(item.u) = parameters.n", 6)] {
        let example = Example::new(&[]);
        let spec = format!(r#"{{"iterate": "body", "uid": "{{{{item.u}}}}", "condition": "{{{{{condition}}}}}"}}"#);
        assert_eq!(verdict(&spec, body, Some((&example, &example))), "default declined => T1:none T1:none T1:none", "{spec}");
        assert_eq!(example.calls.get(), calls, "{spec}");
    }
}
