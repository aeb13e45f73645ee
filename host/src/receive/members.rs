//! Stored JSON (a service's `common`, a hook's parameters) as templates see it, converted only as far as it is read.

use std::borrow::Cow;

use hookwright_iml::{Fields, Value};
use serde_json::{Map, Value as Json};

/// The members of a stored JSON object.
pub(super) struct Members<'m>(pub(super) &'m Map<String, Json>);

impl Members<'_> {
    /// The whole object, borrowing nothing.
    pub(super) fn to_owned(&self) -> Value<'static> {
        value_of_object(self.0).into_owned()
    }
}

impl Fields for Members<'_> {
    fn get(&self, name: &str) -> Option<Value<'_>> {
        self.0.get(name).map(value)
    }

    fn iter(&self) -> Box<dyn Iterator<Item = (Cow<'_, str>, Value<'_>)> + '_> {
        Box::new(self.0.iter().map(|(name, json)| (Cow::Borrowed(name.as_str()), value(json))))
    }
}

fn value(json: &Json) -> Value<'_> {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => Value::decimal_text(number.to_string()),
        Json::String(text) => Value::text(text.as_str()),
        Json::Array(elements) => Value::array(elements.iter().map(value).collect()),
        Json::Object(object) => value_of_object(object),
    }
}

fn value_of_object(object: &Map<String, Json>) -> Value<'_> {
    Value::collection(object.iter().map(|(name, json)| (Cow::Borrowed(name.as_str()), value(json))).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn stored_json_reads_back_as_it_was() {
        let text = r#"{"secret":"s","n":12.5,"list":[1,null,{"deep":true}],"none":{}}"#;
        let stored: Map<String, Json> = serde_json::from_str(text).unwrap();
        let members = Members(&stored);
        for value in [Value::fields(&members), members.to_owned()] {
            let mut out = Vec::new();
            value.write_json(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
            assert_eq!(value.get("secret").to_text(), "s");
        }
    }
}
