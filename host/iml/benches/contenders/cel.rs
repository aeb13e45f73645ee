//! CEL: one expression that gives a map.

use std::hint::black_box;
use std::sync::Arc;

use cel::extractors::This;
use cel::{Context, Program, Value};

use super::{Contender, format_date};

const EXPRESSION: &str = r#"{
    "action": body.action,
    "number": body.issue.number,
    "title": body.issue.title,
    "url": body.issue.html_url,
    "repository": body.repository.full_name,
    "sender": body.sender.login,
    "state": body.issue.state == "open" ? "in progress" : "done",
    "created": formatDate(body.issue.created_at),
    "labels": joined(body.issue.labels.map(label, label.name), ", ")
}"#;

pub fn contender(payload: &'static str) -> Contender {
    let program: &'static Program = Box::leak(Box::new(Program::compile(EXPRESSION).expect("the expression compiles")));
    let context = context(payload);
    Contender {
        name: "CEL",
        evaluate: Box::new(move || drop(black_box(program.execute(black_box(&context)).expect("a bundle")))),
        whole: Box::new(move |payload| {
            let bundle = program.execute(&self::context(payload)).expect("a bundle");
            serde_json::to_vec(&bundle.json().expect("JSON")).expect("JSON")
        }),
    }
}

fn context(payload: &str) -> Context<'static, 'static> {
    let body: serde_json::Value = serde_json::from_str(payload).expect("JSON");
    let mut context = Context::default();
    context.add_variable("body", body).expect("a value of CEL");
    context.add_function("formatDate", |text: Arc<String>| format_date(&text)).expect("a new name");
    context.add_function("joined", joined).expect("a new name");
    context
}

fn joined(This(items): This<Arc<Vec<Value>>>, separator: Arc<String>) -> String {
    let texts = items.iter().filter_map(|item| if let Value::String(text) = item { Some(text.as_str()) } else { None });
    texts.collect::<Vec<_>>().join(&separator)
}
