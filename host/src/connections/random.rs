//! Ids and tokens, from the operating system's random source.

const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
/// The largest multiple of the alphabet's length that a byte can hold: bytes from here on would favour some letters.
const FAIR: u8 = 252;

/// An id for a connection, a hook, an event: 20 characters of `[a-z0-9]`, 103 bits.
pub fn new_id() -> String {
    random_text(20)
}

/// Characters of a dedicated hook's token.
pub(crate) const TOKEN_LENGTH: usize = 32;

/// A dedicated hook's token: 32 characters of `[a-z0-9]`, 165 bits. Who knows it may call the hook.
pub fn new_token() -> String {
    random_text(TOKEN_LENGTH)
}

fn random_text(length: usize) -> String {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bytes = [0; 64];
        getrandom::fill(&mut bytes).expect("the operating system has a random source");
        let fair = bytes.iter().filter(|byte| **byte < FAIR);
        text.extend(fair.take(length - text.len()).map(|byte| char::from(ALPHABET[usize::from(byte % 36)])));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn tokens_are_32_characters_of_the_alphabet_and_never_the_same() {
        let tokens: HashSet<_> = (0..1000).map(|_| new_token()).collect();
        assert_eq!(tokens.len(), 1000);
        assert!(tokens.iter().all(|token| token.len() == 32 && token.bytes().all(|byte| ALPHABET.contains(&byte))));
    }

    #[test]
    fn every_character_of_the_alphabet_is_as_likely_as_another() {
        assert_eq!(usize::from(FAIR) % ALPHABET.len(), 0);
        let used: HashSet<_> = random_text(10_000).into_bytes().into_iter().collect();
        assert_eq!(used.len(), 36);
    }
}
