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
            Self::Array(_) => {
                let mut text = String::new();
                self.append_text(&mut text, usize::MAX);
                Cow::Owned(text)
            }
            Self::Collection(_) => Cow::Owned(self.to_json()),
        }
    }

    /// Appends the text of this value; none as soon as `text` has grown beyond `size` bytes. The digits of a number may be
    /// few and their text long: `1e300`.
    pub(crate) fn append_text(&self, text: &mut String, size: usize) -> Option<()> {
        let Self::Array(array) = self else {
            text.push_str(&self.to_text());
            return (text.len() <= size).then_some(());
        };
        for (index, element) in array.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            element.append_text(text, size)?;
        }
        Some(())
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
