//! Finds emoji: single characters, and the sequences that are shown as one.

use std::sync::LazyLock;

use fancy_regex::Regex;

/// Flags, keycaps, and pictures with skin tones, tags and joiners. Characters that are pictures only on demand and are
/// common in plain text (©, ®, ™, ‼, ⁉, ℹ, arrows) need the variation selector that makes them one.
static EMOJI: LazyLock<Regex> = LazyLock::new(|| {
    let picture =
        r"(?:[\p{Extended_Pictographic}--[©®™‼⁉ℹ\x{2190}-\x{21FF}\x{2934}\x{2935}]]|[©®™‼⁉ℹ\x{2190}-\x{21FF}\x{2934}\x{2935}]\x{FE0F})";
    let ending = r"(?:[\x{1F3FB}-\x{1F3FF}]|\x{FE0F}\x{20E3}?|[\x{E0020}-\x{E007E}]+\x{E007F})?";
    let single = format!("(?:{picture}|[\\x{{1F3FB}}-\\x{{1F3FF}}]){ending}");
    let pattern = format!(r"[\x{{1F1E6}}-\x{{1F1FF}}]{{2}}|[0-9#*]\x{{FE0F}}?\x{{20E3}}|{single}(?:\x{{200D}}{single})*");
    Regex::new(&pattern).expect("the pattern is a constant, and a test compiles it")
});

/// The text with every emoji replaced; nothing in `replacement` has a special meaning.
pub(super) fn replace(text: &str, replacement: &str) -> String {
    EMOJI.replace_all(text, fancy_regex::NoExpand(replacement)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_count_once() {
        for emoji in ["😀", "👍🏽", "❤️", "❤", "👩‍❤️‍💋‍👩", "🇨🇿", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "☀", "©️", "🏳️‍🌈"]
        {
            assert_eq!(replace(emoji, "$0"), "$0", "{emoji}");
        }
    }

    #[test]
    fn digits_and_signs_stay() {
        assert_eq!(replace("1 # * © ™ → é 漢 ‼", "x"), "1 # * © ™ → é 漢 ‼");
    }
}
