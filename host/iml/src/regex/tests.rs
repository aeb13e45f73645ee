#![allow(clippy::unwrap_used)]

use super::*;
use crate::budget::Unbounded;

const SIZE: usize = 1 << 20;

#[track_caller]
fn replaces(text: &str, literal_text: &str, replacement: &str, expected: &str) {
    let regex = literal(literal_text).unwrap();
    assert_eq!(regex.replace(text, replacement, SIZE, &Unbounded).as_deref(), Ok(expected), "{literal_text} on {text}");
}

fn fails(text: &str, literal_text: &str) -> Error {
    literal(literal_text).unwrap().replace(text, "x", SIZE, &Unbounded).unwrap_err()
}

#[test]
fn only_slashes_and_known_flags_make_a_regular_expression() {
    for text in ["abc", "/abc", "//", "/a/b", "/a/gx", "a/b/"] {
        assert!(literal(text).is_none(), "{text}");
    }
    assert!(literal("/a/b/gi").is_some_and(|regex| regex.source == "a/b"));
}

#[test]
fn without_g_only_the_first_match_is_replaced() {
    replaces("a1b22", r"/\d+/", "#", "a#b22");
    replaces("a1b22", r"/\d+/g", "#", "a#b#");
}

#[test]
fn replacements_name_the_match_and_its_groups() {
    replaces("John Smith", r"/(\w+) (\w+)/", "$2, $1", "Smith, John");
    replaces("abc", "/b/", "[$&|$`|$'|$$]", "a[b|a|c|$]c");
    replaces("ab", "/(a)(x)?/", "$1$2$3$10$0", "a$3a0$0b");
}

#[test]
fn empty_matches_are_replaced_as_in_javascript() {
    replaces("abc", "/x*/g", "-", "-a-b-c-");
    replaces("12a", r"/\d*/g", "-", "--a-");
    replaces("éa", "/(?:)/g", "-", "-é-a-");
}

#[test]
fn flags_mean_what_they_mean_in_javascript() {
    replaces("ABC", "/b/i", "-", "A-C");
    replaces("a\nb", "/^./g", "-", "-\nb");
    replaces("a\nb", "/^./gm", "-", "-\n-");
    replaces("a\r\nb", "/.$/gm", "-", "-\r\n-");
    replaces("a\nb", "/a.b/", "-", "a\nb");
    replaces("a\nb", "/a.b/s", "-", "-");
    replaces("a😀", r"/\u{1F600}/u", "-", "a-");
    replaces("aé", r"/\p{L}/gu", "-", "--");
}

#[test]
fn classes_are_ascii_and_boundaries_too() {
    replaces("éa1٣", r"/\w/g", "-", "é--٣");
    replaces("1٣", r"/\d/g", "-", "-٣");
    replaces("éa a", r"/\ba/g", "-", "é- -");
    replaces("ab a", r"/a\b/g", "-", "ab -");
    replaces("ab a", r"/\Bb/g", "-", "a- a");
    replaces("éb", r"/\Bb/g", "-", "éb");
    replaces("a\u{a0}\u{feff}b", r"/\s/g", "-", "a--b");
}

#[test]
fn brackets_and_braces_stand_for_themselves_where_they_do_in_javascript() {
    replaces("{{x}}", "/{{x}}/", "-", "-");
    replaces("a{,3}", "/a{,3}/", "-", "-");
    replaces("aaa", "/a{2,}/", "-", "-");
    replaces("[x]", r"/[[\]]/g", "-", "-x-");
    replaces("a&&b~~-", "/[&&~~-]/g", "", "ab");
    replaces("a.b-c", r"/[\w-.]/g", "", "");
    replaces("ab", "/[]/g", "-", "ab");
    replaces("a\n", "/[^]/g", "-", "--");
    replaces("a]", "/]/", "-", "a-");
    replaces("a\u{8}", r"/[\b]/", "-", "a-");
}

#[test]
fn letters_without_a_meaning_stand_for_themselves() {
    replaces("aAzZGKRXhe", r"/[\a\A]\A\z\Z\G\K\R\X\h\e/", "-", "-");
    replaces("<>-/#", r"/\<\>\-\/\#/", "-", "-");
    replaces("A\u{1}\t\0", r"/\x41\cA\t\0/", "-", "-");
    replaces("A😀", r"/\u0041\uD83D\uDE00/", "-", "-");
    replaces("S", r"/\123/", "-", "-");
}

#[test]
fn look_around_and_back_references_work() {
    replaces("1234567", r"/\B(?=(\d{3})+(?!\d))/g", ",", "1,234,567");
    replaces("price: 10", r"/(?<=price: )\d+/", "-", "price: -");
    replaces("a10 b20", r"/(?<!a)(?<=[a-z])\d+/", "-", "a10 b-");
    replaces("hello", r"/(l)\1/", "-", "he-o");
    replaces("b", r"/(a)?\1b/", "-", "-");
}

#[test]
fn what_is_no_javascript_pattern_is_refused() {
    for pattern in ["/(/", "/)/", "/*a/", "/a**/", "/a++/", "/[a/", "/(?>a)/", "/(?i)a/", "/[z-a]/", r"/a\/g"] {
        assert!(matches!(fails("aaa", pattern), Error::Syntax(_)), "{pattern}");
    }
}

#[test]
fn named_groups_are_refused_as_in_make() {
    assert_eq!(fails("a", "/(?<name>a)/"), Error::NamedGroups);
}

#[test]
fn a_pattern_that_explodes_gives_up() {
    let text = format!("{}b", "a".repeat(200));
    assert_eq!(fails(&text, r"/^(?:(a|aa)(?!c))+$/"), Error::TooManySteps);
    replaces(&text, "/^(a+)+$/", "x", &text);
}

#[test]
fn backtracking_has_a_limit_of_text_but_other_patterns_have_none() {
    let text = "a".repeat(BACKTRACKING_TEXT + 1);
    assert_eq!(fails(&text, "/(?=b)a/g"), Error::TextTooLong);
    replaces(&text, "/a/g", "", "");
}

#[test]
fn the_result_has_a_limit() {
    let regex = literal("/a/g").unwrap();
    assert_eq!(regex.replace("aaaa", "xxxxxxxx", 20, &Unbounded), Err(Error::ResultTooLong(20)));
}

#[test]
fn a_huge_repetition_is_refused_when_it_is_compiled() {
    assert!(matches!(fails("a", r"/((\w{1000}){1000}){1000}/"), Error::Syntax(_)));
}

#[test]
fn no_pattern_made_of_special_characters_panics() {
    let pieces = ["a", "(", ")", "[", "]", "{", "}", "2", ",", "*", "?", "\\", "^", "$", "-", "|", "é", "<", ":", "u", "k"];
    let mut seed = 7_u64;
    for _ in 0..3_000 {
        let mut pattern = String::from("/");
        for _ in 0..8 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            pattern.push_str(pieces[(seed >> 33) as usize % pieces.len()]);
        }
        pattern.push_str("/g");
        for text in ["aé{2}-u", "a(b)k<"] {
            drop(literal(&pattern).unwrap().replace(text, "[$&$1]", SIZE, &Unbounded));
        }
    }
}

#[test]
fn many_searches_that_each_look_far_ahead_give_up() {
    let text = "x".repeat(400_000);
    assert_eq!(fails(&text, "/x*y|x/g"), Error::TooManySteps);
}
