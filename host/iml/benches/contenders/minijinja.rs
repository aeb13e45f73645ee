//! minijinja: one expression that gives a map.

use std::hint::black_box;

use minijinja::{Environment, Value, context};

use super::{Contender, format_date};

const EXPRESSION: &str = r#"{
    "action": body.action,
    "number": body.issue.number,
    "title": body.issue.title,
    "url": body.issue.html_url,
    "repository": body.repository.full_name,
    "sender": body.sender.login,
    "state": "in progress" if body.issue.state == "open" else "done",
    "created": body.issue.created_at|date,
    "labels": body.issue.labels|map(attribute="name")|join(", ")
}"#;

pub fn contender(payload: &'static str) -> Contender {
    let mut environment = Environment::new();
    environment.add_filter("date", |text: &str| format_date(text));
    let environment: &'static Environment<'static> = Box::leak(Box::new(environment));
    let expression = &*Box::leak(Box::new(environment.compile_expression(EXPRESSION).expect("the expression compiles")));
    let mapped = |body: Value| expression.eval(context! { body }).expect("a bundle");
    let body: Value = serde_json::from_str(payload).expect("JSON");
    Contender {
        name: "minijinja",
        evaluate: Box::new(move || drop(black_box(mapped(black_box(body.clone()))))),
        whole: Box::new(move |payload| serde_json::to_vec(&mapped(serde_json::from_str(payload).expect("JSON"))).expect("JSON")),
    }
}
