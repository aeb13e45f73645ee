//! How the fields of a line of the log are written, so that no text in them can look like another line or field name.
//!
//! Whatever a sender, a spec or a plugin has put into a message or a field, nothing in it is obeyed by a terminal or ends
//! the line. Messages of our own may have several lines (diagnostics); each further one begins with a mark.

use std::fmt::{self, Debug, Write as _};
use std::io::{self, Write};

use tracing::field::Field;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::format::{self, Writer};
use tracing_subscriber::fmt::{FormatFields, MakeWriter};

use super::printable::{self, Escaping};

/// What a further line of a message begins with.
const CONTINUED: &str = "\n  | ";

/// Writes the fields of a line of text.
pub(super) fn fields() -> impl for<'w> FormatFields<'w> + Send + Sync + 'static {
    format::debug_fn(write_field).delimited(" ")
}

fn write_field(writer: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> fmt::Result {
    if field.name() == "message" {
        return write!(Escaping { out: writer, line_break: CONTINUED }, "{value:?}");
    }
    let (name, equals) = match writer.has_ansi_escapes() {
        true => ("\u{1b}[3m", "\u{1b}[0m\u{1b}[2m=\u{1b}[0m"),
        false => ("", "="),
    };
    write!(writer, "{name}{}{equals}", field.name())?;
    write!(Escaping { out: writer, line_break: "\\n" }, "{value:?}")
}

/// A log whose lines are JSON, where what JSON itself leaves alone (DEL, C1 and what turns text around) is escaped too.
#[derive(Clone)]
pub(super) struct JsonLines<M>(pub(super) M);

/// One line of it.
pub(super) struct JsonLine<W>(W);

impl<'w, M: MakeWriter<'w>> MakeWriter<'w> for JsonLines<M> {
    type Writer = JsonLine<M::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        JsonLine(self.0.make_writer())
    }
}

impl<W: Write> Write for JsonLine<W> {
    /// Takes whole lines.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match std::str::from_utf8(line) {
            Ok(text) => self.0.write_all(printable::json(text).as_bytes())?,
            Err(_) => self.0.write_all(line)?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::Layer as _;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::super::printable::is_obeyed;
    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'w> MakeWriter<'w> for Lines {
        type Writer = Self;

        fn make_writer(&'w self) -> Self {
            self.clone()
        }
    }

    /// Everything that could be obeyed, and a line that somebody would like to be there.
    fn hostile() -> String {
        let all: String = (0..=0x10_ffff).filter_map(char::from_u32).filter(|character| is_obeyed(*character)).collect();
        format!("{all}\n2026-11-30T10:00:00.000000Z  INFO an operator asked from afar token=root")
    }

    /// What is logged where hostile text is in a message and in fields of each kind.
    fn logged(json: bool) -> String {
        let (lines, text) = (Lines::default(), hostile());
        let layer = match json {
            false => super::super::logging::text_layer(lines.clone(), false).boxed(),
            true => super::super::logging::json_layer(lines.clone()).boxed(),
        };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let error = io::Error::other(text.clone());
            tracing::error!(service = text.as_str(), cause = %text, ?text, error = &error as &dyn std::error::Error, "a message: {text}");
        });
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn no_text_in_a_line_can_look_like_a_line_of_its_own() {
        let logged = logged(false);
        let mut lines = logged.lines();
        assert!(lines.next().unwrap().contains("ERROR a message: "));
        assert!(lines.all(|line| line.starts_with("  | ")), "{logged}");
        assert!(!logged.contains(|character: char| character != '\n' && is_obeyed(character)), "{logged:?}");
    }

    #[test]
    fn a_line_of_json_is_one_line_and_says_what_was_said() {
        let logged = logged(true);
        assert_eq!(logged.matches('\n').count(), 1);
        assert!(!logged.trim_end().contains(is_obeyed), "{logged:?}");
        let read: serde_json::Value = serde_json::from_str(&logged).unwrap();
        assert_eq!(read["cause"], hostile());
    }
}
