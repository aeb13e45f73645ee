//! What else is known about an account.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The members of a JSON object, kept as text: nobody looks into them but an operator, and as a map they would be most of the
/// memory that a connection takes.
#[derive(Clone, Default, PartialEq)]
pub struct Data(Option<Box<str>>);

impl Data {
    /// The members, parsed.
    pub fn members(&self) -> Map<String, Value> {
        let Self(text) = self;
        text.as_deref().map(|text| serde_json::from_str(text).expect("only objects are kept")).unwrap_or_default()
    }
}

impl From<Map<String, Value>> for Data {
    fn from(members: Map<String, Value>) -> Self {
        Self((!members.is_empty()).then(|| Value::Object(members).to_string().into()))
    }
}

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.as_deref().unwrap_or("{}");
        serde_json::from_str::<&RawValue>(text).expect("only objects are kept").serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        match text {
            "{}" => Ok(Self(None)),
            _ if text.starts_with('{') => Ok(Self(Some(text.into()))),
            _ => Err(D::Error::custom("not an object")),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_written_and_read_as_it_came() {
        for text in ["{}", r#"{"b":1,"a":{"c":[null,"\n"]}}"#] {
            let data: Data = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&data).unwrap(), text);
            assert!(Data::from(data.members()) == data);
        }
    }

    #[test]
    fn what_is_no_object_is_not_taken() {
        for text in ["[1]", "null", "\"{}\"", "{"] {
            assert!(serde_json::from_str::<Data>(text).is_err(), "{text}");
        }
    }
}
