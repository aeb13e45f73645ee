//! VRL: a program whose last expression is an object.

use std::cell::RefCell;
use std::hint::black_box;

use vrl::compiler::state::RuntimeState;
use vrl::compiler::{Context, Program, TargetValue, TimeZone};
use vrl::value::{Secrets, Value};

use super::Contender;

const PROGRAM: &str = r#"{
    "action": .action,
    "number": .issue.number,
    "title": .issue.title,
    "url": .issue.html_url,
    "repository": .repository.full_name,
    "sender": .sender.login,
    "state": if .issue.state == "open" { "in progress" } else { "done" },
    "created": format_timestamp!(parse_timestamp!(.issue.created_at, "%Y-%m-%dT%H:%M:%S%Z"), "%d.%m.%Y %H:%M"),
    "labels": join!(map_values(array!(.issue.labels)) -> |label| { label.name }, ", ")
}"#;

pub fn contender(payload: &'static str) -> Contender {
    let compiled = vrl::compiler::compile(PROGRAM, &vrl::stdlib::all()).expect("the program compiles");
    let program: &'static Program = Box::leak(Box::new(compiled.program));
    let body = RefCell::new(target(payload));
    Contender {
        name: "VRL",
        evaluate: Box::new(move || drop(black_box(mapped(program, black_box(&mut body.borrow_mut()))))),
        whole: Box::new(move |payload| serde_json::to_vec(&mapped(program, &mut target(payload))).expect("JSON")),
    }
}

fn target(payload: &str) -> TargetValue {
    TargetValue {
        value: serde_json::from_str::<Value>(payload).expect("JSON"),
        metadata: Value::Object(Default::default()),
        secrets: Secrets::default(),
    }
}

fn mapped(program: &Program, target: &mut TargetValue) -> Value {
    let (mut state, timezone) = (RuntimeState::default(), TimeZone::default());
    program.resolve(&mut Context::new(target, &mut state, &timezone)).expect("a bundle")
}
