//! What the compiler's child process says to its parent: one byte for what it is, eight for its length, and the content.

use std::io::{self, Read, Write};

use crate::plugin::contract::LoadError;
use crate::plugin::line::one_line;
use crate::plugin::native_code::NativeCode;

const COMPILED: u8 = 0;
const NOT_WASM: u8 = 1;
const NO_INTERFACE: u8 = 2;
const INVALID: u8 = 3;
const FAILED: u8 = 4;

/// Bytes of a reason that are passed on: it may quote names from the plugin's file.
const REASON: usize = 4096;

/// Writes an answer, whole.
pub(super) fn write(answer: &Result<NativeCode, LoadError>, out: &mut impl Write) -> io::Result<()> {
    let (kind, content) = match answer {
        Ok(code) => (COMPILED, code.as_bytes().to_vec()),
        Err(LoadError::NotWasm) => (NOT_WASM, Vec::new()),
        Err(LoadError::NoInterface(reason)) => (NO_INTERFACE, reason.clone().into_bytes()),
        Err(LoadError::Invalid(reason)) => (INVALID, reason.clone().into_bytes()),
        Err(other) => (FAILED, other.to_string().into_bytes()),
    };
    out.write_all(&[kind])?;
    out.write_all(&(content.len() as u64).to_le_bytes())?;
    out.write_all(&content)?;
    out.flush()
}

/// Reads an answer of at most so many bytes of code. `None` where it breaks off or is none.
pub(super) fn read(input: &mut impl Read, most: u64) -> Option<Result<NativeCode, LoadError>> {
    let mut head = [0; 9];
    input.read_exact(&mut head).ok()?;
    let (kind, length) = (head[0], u64::from_le_bytes(head[1..].try_into().ok()?));
    if kind == COMPILED && length > most {
        return Some(Err(LoadError::CompiledSize { size: length, limit: most }));
    }
    let mut content = Vec::new();
    input.take(length.min(most)).read_to_end(&mut content).ok()?;
    if content.len() as u64 != length {
        return None;
    }
    match kind {
        COMPILED => Some(Ok(NativeCode::trusted(content))),
        NOT_WASM => Some(Err(LoadError::NotWasm)),
        NO_INTERFACE => Some(Err(LoadError::NoInterface(reason(&content)))),
        INVALID => Some(Err(LoadError::Invalid(reason(&content)))),
        FAILED => Some(Err(LoadError::Compiler(reason(&content)))),
        _ => None,
    }
}

fn reason(content: &[u8]) -> String {
    one_line(&String::from_utf8_lossy(content), REASON)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn after(answer: &Result<NativeCode, LoadError>, most: u64) -> Option<Result<Vec<u8>, LoadError>> {
        let mut bytes = Vec::new();
        write(answer, &mut bytes).unwrap();
        read(&mut bytes.as_slice(), most).map(|answer| answer.map(|code| code.as_bytes().to_vec()))
    }

    #[test]
    fn an_answer_comes_back_as_it_was() {
        assert_eq!(after(&Ok(NativeCode::trusted(vec![7; 5])), 5), Some(Ok(vec![7; 5])));
        for error in [LoadError::NotWasm, LoadError::NoInterface("a".into()), LoadError::Invalid("b".into())] {
            assert_eq!(after(&Err(error.clone()), 100), Some(Err(error)));
        }
    }

    #[test]
    fn more_code_than_is_taken_is_not_read() {
        let refused = after(&Ok(NativeCode::trusted(vec![7; 6])), 5);
        assert_eq!(refused, Some(Err(LoadError::CompiledSize { size: 6, limit: 5 })));
    }

    #[test]
    fn an_answer_that_breaks_off_or_is_none_says_nothing() {
        let mut whole = Vec::new();
        write(&Ok(NativeCode::trusted(vec![7; 5])), &mut whole).unwrap();
        for end in 0..whole.len() {
            assert!(read(&mut &whole[..end], 100).is_none(), "{end}");
        }
        assert!(read(&mut [&[9][..], &[0; 8]].concat().as_slice(), 100).is_none(), "a kind that nobody knows");
        assert!(read(&mut [&[INVALID][..], &[255; 8]].concat().as_slice(), 100).is_none(), "a length beyond all memory");
    }

    #[test]
    fn a_reason_is_one_line_of_bounded_length() {
        let long = after(&Err(LoadError::Invalid("a\n\u{1b}[31m".repeat(10_000))), 1 << 20);
        let Some(Err(LoadError::Invalid(reason))) = long else { panic!("{long:?}") };
        assert!(reason.len() < REASON + 10 && !reason.contains(char::is_control), "{reason}");
    }
}
