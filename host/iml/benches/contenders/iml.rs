//! IML: the template as a spec's author would write it.

use std::hint::black_box;

use hookwright_iml::{CallError, Date, Environment, Limits, NoCustom, Scope, Template, Value, Zone, json::Document};

use super::Contender;

const OUTPUT: &str = r#"{
    "action": "{{body.action}}",
    "number": "{{body.issue.number}}",
    "title": "{{body.issue.title}}",
    "url": "{{body.issue.html_url}}",
    "repository": "{{body.repository.full_name}}",
    "sender": "{{body.sender.login}}",
    "state": "{{if(body.issue.state = 'open', 'in progress', 'done')}}",
    "created": "{{formatDate(body.issue.created_at, 'DD.MM.YYYY HH:mm')}}",
    "labels": "{{join(map(body.issue.labels, 'name'), ', ')}}"
}"#;

pub fn contender(payload: &'static str) -> Contender {
    let document = Document::parse(OUTPUT).expect("JSON");
    let (template, _) = Template::compile_tree(document.root(), &NoCustom).expect("the template compiles");
    let template: &'static Template = Box::leak(Box::new(template));
    let body: &'static Document<'static> = Box::leak(Box::new(Document::parse(payload).expect("JSON")));
    Contender {
        name: "IML",
        evaluate: Box::new(move || drop(black_box(template.evaluate(black_box(&Body::of(body))).expect("a bundle")))),
        whole: Box::new(move |payload| {
            let mut out = Vec::with_capacity(256);
            let body = Document::parse(payload).expect("JSON");
            template.evaluate(&Body::of(&body)).expect("a bundle").write_json(&mut out);
            out
        }),
    }
}

/// A scope whose only variable is `body`.
struct Body<'v> {
    body: Value<'v>,
    environment: Environment,
}

impl<'v> Body<'v> {
    fn of(document: &'v Document<'_>) -> Self {
        let environment = Environment { now: Date::EPOCH, zone: Zone::UTC, random: || 7, limits: Limits::default() };
        Self { body: Value::from_json(document.root()), environment }
    }
}

impl<'v> Scope<'v> for Body<'v> {
    fn variable(&self, name: &str) -> Value<'v> {
        if name == "body" { self.body.clone() } else { Value::Missing }
    }

    fn environment(&self) -> &Environment {
        &self.environment
    }

    fn call(&self, function: &str, _: &[Value<'v>]) -> Result<Value<'v>, CallError> {
        Err(function.to_owned().into())
    }
}
