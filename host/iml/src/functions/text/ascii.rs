//! Letters without their diacritics.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Latin letters whose stroke or ligature is no combining mark, and what stands for them.
#[rustfmt::skip]
const BASE_LETTERS: &[(char, &str)] = &[
    ('Æ', "AE"), ('æ', "ae"), ('Œ', "OE"), ('œ', "oe"), ('ß', "ss"), ('ẞ', "SS"), ('Ø', "O"), ('ø', "o"),
    ('Ð', "D"), ('ð', "d"), ('Đ', "D"), ('đ', "d"), ('Þ', "Th"), ('þ', "th"), ('Ł', "L"), ('ł', "l"),
    ('Ħ', "H"), ('ħ', "h"), ('Ŧ', "T"), ('ŧ', "t"), ('Ŋ', "N"), ('ŋ', "n"), ('ı', "i"), ('ĸ', "k"),
    ('Ĳ', "IJ"), ('ĳ', "ij"), ('ŉ', "'n"), ('ſ', "s"), ('Ŀ', "L"), ('ŀ', "l"), ('Ə', "E"), ('ə', "e"),
];

/// Every letter replaced by its base letter.
pub(super) fn without_diacritics(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.nfd().filter(|character| !is_combining_mark(*character)) {
        match BASE_LETTERS.iter().find(|(letter, _)| *letter == character) {
            Some((_, base)) => out.push_str(base),
            None => out.push(character),
        }
    }
    out
}
