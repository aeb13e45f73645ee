//! Values across the border: MessagePack, as `sdk/wit/plugin.wit` describes it.

mod decode;
mod encode;

pub(super) use decode::decode;
pub(super) use encode::{TooLarge, encode, encode_all, encode_within};

/// The extension types of a date (MessagePack's own timestamp), a missing value, decimal digits.
const DATE: i8 = -1;
const MISSING: i8 = 1;
const DIGITS: i8 = 2;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use hookwright_iml::json::Document;
    use hookwright_iml::{Date, Value};

    use super::decode::MOST;
    use super::encode::VALUE;
    use super::*;

    fn notation(value: &Value<'_>) -> String {
        let mut out = Vec::new();
        value.write_notation(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn json_comes_back_with_every_digit() {
        let text =
            r#"{"a":[1,-7,1.5,1.0,0.1,1e3,-0,123456789012345678901234567890,18446744073709551615],"b":"grüße","c":null,"d":{"e":true}}"#;
        let document = Document::parse(text).unwrap();
        let value = Value::from_json(document.root());
        let back = decode(&encode(&value)).unwrap();
        assert_eq!(notation(&back), notation(&value));
    }

    #[test]
    fn what_json_has_no_word_for_comes_back_too() {
        let date = Value::date(Date::from_milliseconds(-1).unwrap());
        let value = Value::array(vec![date, Value::binary(vec![0, 255]), Value::Missing, Value::Null]);
        assert_eq!(notation(&decode(&encode(&value)).unwrap()), notation(&value));
    }

    #[test]
    fn what_a_plugin_would_make_too_much_of_is_not_encoded() {
        let small = Value::array(vec![Value::integer(0); 1000]);
        let fits = |value: &Value<'_>, room| encode_within(value, room).is_ok() && encode_all(std::slice::from_ref(value), room).is_ok();
        assert!(fits(&small, 1001 * VALUE) && !fits(&small, 1001 * VALUE - 1), "by the number of values");
        for large in [Value::text("x".repeat(1000)), Value::binary(vec![0; 1000])] {
            assert!(fits(&large, VALUE + 2000) && !fits(&large, VALUE + 1999), "by their text");
        }
        let named = Value::collection(vec![("k".repeat(1000).into(), Value::Null)]);
        assert!(fits(&named, 3 * VALUE + 2000) && !fits(&named, 3 * VALUE + 1999), "by their names");
        assert_eq!(encode_all(&[small.clone(), small], 1500 * VALUE), Err(TooLarge), "all arguments together");
    }

    #[test]
    fn a_message_holds_a_bounded_number_of_values() {
        let nils = |count: u32| [&[0xdd][..], &count.to_be_bytes(), &vec![0xc0; count as usize]].concat();
        assert!(decode(&nils(MOST - 1)).is_ok(), "with the array itself");
        assert_eq!(decode(&nils(MOST)).map(|_| ()).unwrap_err(), "the plugin gave more than 100000 values in one message");
    }

    #[test]
    fn a_plugin_cannot_hand_over_what_is_not_a_value() {
        for (bytes, what) in [
            (vec![], "nothing"),
            (vec![0xdd, 0xff, 0xff, 0xff, 0xff], "an array that claims four billion elements"),
            (vec![0xa2, 0xff, 0xfe], "text that is not UTF-8"),
            (vec![0x81, 0x01, 0x01], "a key that is not text"),
            (vec![0xc0, 0xc0], "more than one value"),
            (vec![0x91; 200], "a value too deep"),
            (vec![0xd4, 0x02, b'x'], "digits that are no number"),
            (vec![0xd4, 0x07, 0], "an extension nobody knows"),
            (vec![0xc7, 12, 0xff, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "a date beyond all dates"),
        ] {
            assert!(decode(&bytes).is_err(), "{what}");
        }
    }
}
