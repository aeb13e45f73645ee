//! Rust written for this one mapping, over `serde_json::Value`.

use std::hint::black_box;

use serde_json::{Value, json};

use super::{Contender, format_date};

pub fn contender(payload: &'static str) -> Contender {
    let body: Value = serde_json::from_str(payload).expect("JSON");
    Contender {
        name: "by hand",
        evaluate: Box::new(move || drop(black_box(mapped(black_box(&body))))),
        whole: Box::new(|payload| {
            let body = serde_json::from_str(payload).expect("JSON");
            serde_json::to_vec(&mapped(&body)).expect("a bundle can be written")
        }),
    }
}

fn mapped(body: &Value) -> Value {
    let issue = &body["issue"];
    let labels = issue["labels"].as_array().map(Vec::as_slice).unwrap_or_default();
    let names: Vec<&str> = labels.iter().filter_map(|label| label["name"].as_str()).collect();
    json!({
        "action": body["action"],
        "number": issue["number"],
        "title": issue["title"],
        "url": issue["html_url"],
        "repository": body["repository"]["full_name"],
        "sender": body["sender"]["login"],
        "state": if issue["state"] == "open" { "in progress" } else { "done" },
        "created": format_date(issue["created_at"].as_str().unwrap_or_default()),
        "labels": names.join(", "),
    })
}
