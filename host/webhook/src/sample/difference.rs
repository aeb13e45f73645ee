//! The lines in which two texts differ.

/// How many equal lines are shown around a difference.
const CONTEXT: usize = 3;

/// Beyond so many pairs of lines no common lines are looked for in the middle.
const MAXIMUM_PAIRS: usize = 4_000_000;

/// Nothing if the texts are equal; else lines with `-` (only expected), `+` (only got) and a blank (both).
pub(super) fn lines(expected: &str, got: &str) -> Option<String> {
    if expected == got {
        return None;
    }
    let (expected, got): (Vec<_>, Vec<_>) = (expected.lines().collect(), got.lines().collect());
    let start = expected.iter().zip(&got).take_while(|(one, other)| one == other).count();
    let tails = expected[start..].iter().rev().zip(got[start..].iter().rev());
    let end = tails.take_while(|(one, other)| one == other).count();
    let (old, new) = (&expected[start..expected.len() - end], &got[start..got.len() - end]);

    let mut out = String::from("- expected\n+ got\n");
    both(&mut out, &expected[start.saturating_sub(CONTEXT)..start]);
    middle(&mut out, old, new);
    both(&mut out, &expected[expected.len() - end..][..end.min(CONTEXT)]);
    Some(out)
}

fn both(out: &mut String, lines: &[&str]) {
    lines.iter().for_each(|line| push(out, ' ', line));
}

fn push(out: &mut String, mark: char, line: &str) {
    out.push(mark);
    out.push(' ');
    out.push_str(line);
    out.push('\n');
}

/// What lies between the equal beginning and the equal end, by longest common subsequence.
fn middle(out: &mut String, old: &[&str], new: &[&str]) {
    let lengths = common_lengths(old, new);
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            push(out, ' ', old[i]);
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && (j == new.len() || lengths(i + 1, j) >= lengths(i, j + 1)) {
            push(out, '-', old[i]);
            i += 1;
        } else {
            push(out, '+', new[j]);
            j += 1;
        }
    }
}

/// The length of the longest common subsequence of `old[i..]` and `new[j..]`, for every `i` and `j`.
fn common_lengths(old: &[&str], new: &[&str]) -> impl Fn(usize, usize) -> u32 + use<> {
    let width = new.len() + 1;
    let small = old.len().saturating_mul(new.len()) <= MAXIMUM_PAIRS;
    let mut table = vec![0_u32; if small { width * (old.len() + 1) } else { 0 }];
    if small {
        for i in (0..old.len()).rev() {
            for j in (0..new.len()).rev() {
                table[i * width + j] = if old[i] == new[j] {
                    table[(i + 1) * width + j + 1] + 1
                } else {
                    table[(i + 1) * width + j].max(table[i * width + j + 1])
                };
            }
        }
    }
    move |i, j| table.get(i * width + j).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_lines_around_a_difference_are_shown() {
        let expected = "1\n2\n3\n4\n5\n6\n7\n8\n9";
        let got = "1\n2\n3\n4\nfive\n6\n7\n8\n9";
        assert_eq!(lines(expected, expected), None);
        let difference = "- expected\n+ got\n  2\n  3\n  4\n- 5\n+ five\n  6\n  7\n  8\n";
        assert_eq!(lines(expected, got).as_deref(), Some(difference));
    }

    #[test]
    fn a_line_in_between_is_kept_where_both_have_it() {
        let difference = "- expected\n+ got\n- a\n  b\n+ c\n";
        assert_eq!(lines("a\nb", "b\nc").as_deref(), Some(difference));
    }
}
