//! Text bodies in whatever character set they are declared to be.

use std::borrow::Cow;

use encoding_rs::{Encoding, WINDOWS_1252};

/// Text in its declared character set. Where none is declared, or none we know: UTF-8 if it is that, else Windows-1252,
/// which every byte sequence is; so this never fails.
pub(super) fn decode<'b>(charset: Option<&str>, bytes: &'b [u8]) -> Cow<'b, str> {
    if let Some(encoding) = charset.and_then(|label| Encoding::for_label(label.as_bytes())) {
        return encoding.decode(bytes).0;
    }
    match std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
}
