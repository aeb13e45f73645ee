//! Whether JSON is as a schema says, for as much of JSON Schema as our own descriptions use, and stricter: a member that the
//! schema does not name is a mistake.

use serde_json::Value;

/// What is wrong with `value`, by its path; nothing if it is as `schema` says. `root` is what `$ref` points into.
pub fn mistakes(value: &Value, schema: &Value, root: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check("", value, schema, root, &mut found);
    found
}

fn check(path: &str, value: &Value, schema: &Value, root: &Value, found: &mut Vec<String>) {
    let Some(schema) = schema.as_object() else {
        return;
    };
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        match root.pointer(reference.trim_start_matches('#')) {
            Some(target) => check(path, value, target, root, found),
            None => found.push(format!("{path}: {reference} leads nowhere")),
        }
    }
    for choice in ["anyOf", "oneOf"].iter().filter_map(|name| schema.get(*name)?.as_array()) {
        if !choice.iter().any(|one| mistakes(value, one, root).is_empty()) {
            found.push(format!("{path}: {value} is none of {choice:?}"));
        }
    }
    if schema.get("type").is_some_and(|types| !is_of(value, types)) {
        found.push(format!("{path}: {value} is no {}", schema["type"]));
    }
    if schema.get("enum").and_then(Value::as_array).is_some_and(|known| !known.contains(value))
        || schema.get("const").is_some_and(|only| only != value)
    {
        found.push(format!("{path}: {value} is not one of those that are known"));
    }
    if let (Some(items), Some(elements)) = (schema.get("items"), value.as_array()) {
        elements.iter().enumerate().for_each(|(index, element)| check(&format!("{path}/{index}"), element, items, root, found));
    }
    check_members(path, value, schema, root, found);
}

fn check_members(path: &str, value: &Value, schema: &serde_json::Map<String, Value>, root: &Value, found: &mut Vec<String>) {
    let (Some(members), Some(described)) = (value.as_object(), schema.get("properties").and_then(Value::as_object)) else {
        return;
    };
    for (name, member) in members {
        match described.get(name) {
            Some(inner) => check(&format!("{path}/{name}"), member, inner, root, found),
            None => found.push(format!("{path}/{name} is not described")),
        }
    }
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    found.extend(required.filter(|name| !members.contains_key(*name)).map(|name| format!("{path}/{name} is missing")));
}

fn is_of(value: &Value, types: &Value) -> bool {
    match types {
        Value::Array(several) => several.iter().any(|one| is_of(value, one)),
        Value::String(name) => match name.as_str() {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "string" => value.is_string(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_as_described_is_found() {
        let root = json!({ "d": { "word": { "enum": ["a", "b"] } } });
        let schema = json!({
            "type": "object",
            "properties": { "n": { "type": ["integer", "null"] }, "w": { "$ref": "#/d/word" }, "l": { "type": "array", "items": { "type": "string" } } },
            "required": ["n"],
        });
        assert!(mistakes(&json!({ "n": null, "w": "a", "l": ["x"] }), &schema, &root).is_empty());
        for wrong in [
            json!({}),
            json!({ "n": "1" }),
            json!({ "n": 1, "w": "c" }),
            json!({ "n": 1, "l": [1] }),
            json!({ "n": 1, "more": 1 }),
            json!([]),
        ] {
            assert_eq!(mistakes(&wrong, &schema, &root).len(), 1, "{wrong}");
        }
        let choice = json!({ "anyOf": [{ "type": "string" }, { "$ref": "#/d/word" }] });
        assert!(mistakes(&json!("z"), &choice, &root).is_empty() && !mistakes(&json!(1), &choice, &root).is_empty());
    }
}
