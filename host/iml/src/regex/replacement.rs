//! What stands in for a match: text with `$&`, `$1` to `$99`, `` $` ``, `$'` and `$$`.

use super::Groups;

/// A replacement text, cut into its parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Replacement<'r> {
    parts: Vec<Part<'r>>,
}

#[derive(Debug, PartialEq, Eq)]
enum Part<'r> {
    Literal(&'r str),
    /// The match is group 0.
    Group(usize),
    Before,
    After,
}

impl<'r> Replacement<'r> {
    /// A number beyond `groups` stands for itself, as in JavaScript.
    pub(super) fn parse(text: &'r str, groups: usize) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            parts.push(Part::Literal(&rest[..at]));
            let (part, length) = special(&rest[at..], groups);
            parts.push(part);
            rest = &rest[at + length..];
        }
        parts.push(Part::Literal(rest));
        Self { parts }
    }

    /// Whether it needs more than the whole match.
    pub(super) fn names_groups(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Group(1..)))
    }

    /// Writes what replaces the match that `groups` describe.
    pub(super) fn write(&self, out: &mut String, text: &str, groups: &Groups) {
        let whole = groups[0].clone().unwrap_or_default();
        for part in &self.parts {
            out.push_str(match part {
                Part::Literal(literal) => literal,
                Part::Group(number) => groups.get(*number).cloned().flatten().map_or("", |range| &text[range]),
                Part::Before => &text[..whole.start],
                Part::After => &text[whole.end..],
            });
        }
    }
}

/// What a text that begins with `$` means, and how many bytes of it say so.
fn special(text: &str, groups: usize) -> (Part<'_>, usize) {
    match text.as_bytes().get(1) {
        Some(b'$') => (Part::Literal("$"), 2),
        Some(b'&') => (Part::Group(0), 2),
        Some(b'`') => (Part::Before, 2),
        Some(b'\'') => (Part::After, 2),
        Some(b'0'..=b'9') => group(text, groups),
        _ => (Part::Literal("$"), 1),
    }
}

/// Two digits if there is such a group, else one, else plain text.
fn group(text: &str, groups: usize) -> (Part<'_>, usize) {
    for length in [3, 2] {
        let number = text.get(1..length).and_then(|digits| digits.parse::<usize>().ok());
        if let Some(number) = number.filter(|number| (1..=groups).contains(number)) {
            return (Part::Group(number), length);
        }
    }
    (Part::Literal("$"), 1)
}
