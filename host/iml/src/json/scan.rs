//! Finds the end of the plain part of a JSON text, eight bytes at a time.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// How many bytes at the start of `bytes` are neither a quote, nor a backslash, nor a control character.
pub(super) fn plain_prefix(bytes: &[u8]) -> usize {
    let mut chunks = bytes.chunks_exact(8);
    let mut at = 0;
    for chunk in &mut chunks {
        let special = specials(word(chunk));
        if special != 0 {
            return at + special.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at + chunks.remainder().iter().take_while(|byte| !is_special(**byte)).count()
}

/// Eight bytes as a number, the first one lowest.
fn word(chunk: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(chunk);
    u64::from_le_bytes(bytes)
}

fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// The high bit of each special byte; above the lowest of them there may be others that are not special.
fn specials(word: u64) -> u64 {
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let quote = zeros(word ^ (ONES * b'"' as u64));
    let backslash = zeros(word ^ (ONES * b'\\' as u64));
    (control | quote | backslash) & HIGHS
}

fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_byte_is_found_wherever_it_stands() {
        for byte in 0..=255u8 {
            for place in 0..20 {
                let mut text = vec![b'a'; 20];
                text[place] = byte;
                let expected = if is_special(byte) { place } else { 20 };
                assert_eq!(plain_prefix(&text), expected, "{byte} at {place}");
            }
        }
    }

    #[test]
    fn the_first_of_several_counts() {
        assert_eq!(plain_prefix(b"abc\"\\\n\"\"\"\"\"\"\"\""), 3);
        assert_eq!(plain_prefix("é€😀é€😀\"".as_bytes()), 18);
        assert_eq!(plain_prefix(b""), 0);
    }
}
