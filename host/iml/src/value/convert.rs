//! A value as text, as it stands in mixed text and where a function wants text.

use std::borrow::Cow;

use super::{Text, Value};

impl<'v> Value<'v> {
    /// The text of this value in mixed text: nothing and null add nothing, numbers are plain decimals, dates
    /// ISO 8601 in UTC, bytes UTF-8 or base64, the elements of an array are joined by `,`, a collection is JSON.
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Missing | Self::Null => Cow::Borrowed(""),
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Number(number) => number.text(),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Date(date) => Cow::Owned(date.to_iso()),
            Self::Binary(bytes) => bytes.to_text(),
            Self::Array(array) => {
                let texts: Vec<String> = array.iter().map(|element| element.to_text().into_owned()).collect();
                Cow::Owned(texts.join(","))
            }
            Self::Collection(_) => Cow::Owned(self.to_json()),
        }
    }

    /// As [`Value::to_text`], as a text that lives as long as the value's own data.
    pub fn into_text(self) -> Text<'v> {
        match self {
            Self::Text(text) => text,
            Self::Missing | Self::Null => Text::from(""),
            other => Text::from(other.to_text().into_owned()),
        }
    }
}
