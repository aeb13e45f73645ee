//! Rhai: a script whose last expression is an object map.

use std::hint::black_box;

use rhai::{AST, Array, Dynamic, Engine, Scope};

use super::{Contender, format_date};

const SCRIPT: &str = r#"#{
    action: body.action,
    number: body.issue.number,
    title: body.issue.title,
    url: body.issue.html_url,
    repository: body.repository.full_name,
    sender: body.sender.login,
    state: if body.issue.state == "open" { "in progress" } else { "done" },
    created: format_date(body.issue.created_at),
    labels: join(body.issue.labels.map(|label| label.name), ", ")
}"#;

pub fn contender(payload: &'static str) -> Contender {
    let (engine, script): (&'static Engine, AST) = ready();
    let script: &'static AST = Box::leak(Box::new(script));
    let mapped = move |body: Dynamic| {
        let mut scope = Scope::new();
        scope.push_constant_dynamic("body", body);
        engine.eval_ast_with_scope::<Dynamic>(&mut scope, script).expect("a bundle")
    };
    // A shared value: cloning it copies a reference, as it does for the others.
    let body = serde_json::from_str::<Dynamic>(payload).expect("JSON").into_shared();
    Contender {
        name: "Rhai",
        evaluate: Box::new(move || drop(black_box(mapped(black_box(body.clone()))))),
        whole: Box::new(move |payload| serde_json::to_vec(&mapped(serde_json::from_str(payload).expect("JSON"))).expect("JSON")),
    }
}

fn ready() -> (&'static Engine, AST) {
    let mut engine = Engine::new();
    engine.register_fn("format_date", |text: &str| format_date(text));
    engine.register_fn("join", |items: Array, separator: &str| {
        items.into_iter().filter_map(|item| item.into_string().ok()).collect::<Vec<_>>().join(separator)
    });
    let script = engine.compile(SCRIPT).expect("the script compiles");
    (Box::leak(Box::new(engine)), script)
}
