//! The description of the operators' interface (OpenAPI 3.1), made from the table of what can be asked.

use http::StatusCode;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Asked, Refused};
use super::event_stream;
use super::exchange::LINES;
use super::operator::Operator;
use super::route::{Access, Form, Route, SchemaOf, schema_of};
use super::router::ROUTES;
use super::wire::Problem;

/// `GET /openapi.json`
pub(super) async fn show(_: &Operator, _: Asked<'_>) -> Result<Answer, Refused> {
    Ok(Answer::new(StatusCode::OK, document()))
}

/// The whole document.
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for route in ROUTES {
        let operation = operation(route, &mut generator);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.as_str().to_ascii_lowercase()] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Hookwright, the operators' interface",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "On the unix socket `control.sock` in the data directory, and where `serve --operators` listens, with a token.",
        },
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": generator.take_definitions(true),
        },
    })
}

fn operation(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let given = json!({ "description": "Done.", "content": content(kinds(route.form), route.gives, generator) });
    let refused =
        json!({ "description": "Why it was not done, and what to do.", "content": content(JSON, schema_of::<Problem>, generator) });
    let mut operation = json!({
        "operationId": operation_id(route),
        "summary": route.summary,
        "parameters": parameters(route, generator),
        "responses": { (route.status.as_str()): given, "default": refused },
    });
    if let Some(takes) = route.takes {
        operation["requestBody"] = json!({ "required": true, "content": content(JSON, takes, generator) });
    }
    match route.access {
        Access::Open => operation["security"] = json!([]),
        Access::Read => {}
        Access::Write => operation["description"] = "Needs a token of full scope.".into(),
        Access::Local => operation["description"] = "On the control socket only.".into(),
    }
    operation
}

const JSON: &[&str] = &["application/json"];

/// The media types in which an answer may come.
fn kinds(form: Form) -> &'static [&'static str] {
    match form {
        Form::Whole => JSON,
        Form::Text => &[crate::metrics::CONTENT_TYPE],
        Form::Events => &[event_stream::CONTENT_TYPE],
        Form::Lines => &[LINES],
        Form::LinesOrEvents => &[LINES, event_stream::CONTENT_TYPE],
    }
}

fn content(kinds: &[&str], schema: SchemaOf, generator: &mut SchemaGenerator) -> Value {
    kinds.iter().map(|kind| ((*kind).to_owned(), json!({ "schema": schema(generator) }))).collect()
}

/// `GET /events/{id}/trace` is `get-events-id-trace`.
fn operation_id(route: &Route) -> String {
    let words = route.path.split(['/', '{', '}', '.']).filter(|word| !word.is_empty());
    std::iter::once(route.method.as_str().to_ascii_lowercase().as_str()).chain(words).collect::<Vec<_>>().join("-")
}

/// What stands in the path, and the members of what the query may say.
fn parameters(route: &Route, generator: &mut SchemaGenerator) -> Vec<Value> {
    let id = json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } });
    let in_path = route.path.contains("{id}").then_some(id);
    let queried = route.query.map(|schema| members(schema, generator)).unwrap_or_default();
    let in_query = queried.into_iter().map(|(name, schema)| {
        let description = schema.get("description").cloned().unwrap_or_default();
        json!({ "name": name, "in": "query", "description": description, "schema": schema })
    });
    in_path.into_iter().chain(in_query).collect()
}

fn members(schema: SchemaOf, generator: &mut SchemaGenerator) -> Map<String, Value> {
    let schema = schema(generator).to_value();
    let reference = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.rsplit('/').next());
    let resolved = match reference {
        Some(name) => generator.definitions().get(name).cloned().unwrap_or_default(),
        None => schema,
    };
    resolved.get("properties").and_then(Value::as_object).cloned().unwrap_or_default()
}
