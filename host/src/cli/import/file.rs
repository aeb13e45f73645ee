//! The lines of an import, and all that is wrong with them in themselves.

use std::collections::{HashMap, HashSet};

use crate::admin::{DefinitionLine, EXPORT_FORMAT, ExportHead, ExportLine};

/// What a line may have: more than any definition needs that a host takes.
const LONGEST: usize = 256 << 10;

/// A file whose lines are definitions, each once.
#[derive(Debug)]
pub(super) struct File<'f> {
    /// The connections, then the hooks.
    pub(super) lines: Vec<Line<'f>>,
    /// The services of its connections, by their ids.
    services: HashMap<String, String>,
}

/// A definition.
#[derive(Debug)]
pub(super) struct Line<'f> {
    /// Its number in the file, from 1.
    pub(super) number: usize,
    pub(super) text: &'f str,
    /// The connection that it is a hook on.
    pub(super) connection: Option<String>,
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// Its number in the file, from 1.
    pub(super) line: usize,
    pub(super) error: String,
}

impl<'f> File<'f> {
    /// Reads all lines, or says of each that is wrong why.
    pub(super) fn parse(text: &'f str) -> Result<Self, Vec<Mistake>> {
        let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim())).filter(|(_, line)| !line.is_empty());
        let (number, first) = lines.next().unwrap_or((1, ""));
        let head = head(first).map_err(|error| vec![Mistake { line: number, error }])?;
        let mut reader = Reader::default();
        lines.for_each(|(number, line)| reader.take(number, line));
        reader.compare(&head, number);
        reader.file()
    }

    /// The connection that a hook is on, and its service, if the file has it.
    pub(super) fn connection_of(&self, line: &Line<'_>) -> Option<(&str, &str)> {
        let (id, service) = self.services.get_key_value(line.connection.as_ref()?)?;
        Some((id, service))
    }
}

fn head(line: &str) -> Result<ExportHead, String> {
    let example = format!(r#"the first line has to be {{"export":{{"format":"{EXPORT_FORMAT}","secrets":true}}}}"#);
    match serde_json::from_str(line) {
        Ok(ExportLine::Export(head)) if head.format != EXPORT_FORMAT => {
            Err(format!("this is in the form `{}`, and this hookwright takes `{EXPORT_FORMAT}`", head.format))
        }
        Ok(ExportLine::Export(head)) if !head.secrets => {
            Err("this export has `***` where secrets were; `hookwright export --secrets` makes one that can be imported".into())
        }
        Ok(ExportLine::Export(head)) => Ok(head),
        _ => Err(example),
    }
}

#[derive(Default)]
struct Reader<'f> {
    connections: Vec<Line<'f>>,
    hooks: Vec<Line<'f>>,
    services: HashMap<String, String>,
    hook_ids: HashSet<String>,
    tokens: HashSet<String>,
    mistakes: Vec<Mistake>,
}

impl<'f> Reader<'f> {
    fn take(&mut self, number: usize, text: &'f str) {
        if let Err(error) = self.read(number, text) {
            self.mistakes.push(Mistake { line: number, error });
        }
    }

    fn read(&mut self, number: usize, text: &'f str) -> Result<(), String> {
        if text.len() > LONGEST {
            return Err(format!("a definition takes at most 32 KiB; this line has {} bytes", text.len()));
        }
        match serde_json::from_str(text).map_err(|error| sentence(&error))? {
            DefinitionLine::Connection(connection) => {
                if self.services.insert(connection.id, connection.service).is_some() {
                    return Err("another connection before it has this id".into());
                }
                self.connections.push(Line { number, text, connection: None });
            }
            DefinitionLine::Hook(hook) => {
                if !self.hook_ids.insert(hook.id) {
                    return Err("another hook before it has this id".into());
                }
                if hook.token.is_some_and(|token| !self.tokens.insert(token)) {
                    return Err("another hook before it has this token".into());
                }
                self.hooks.push(Line { number, text, connection: hook.connection });
            }
        }
        Ok(())
    }

    /// A file that was cut off is known by what its first line announces.
    fn compare(&mut self, head: &ExportHead, number: usize) {
        let counts = [("connections", head.connections, self.connections.len()), ("hooks", head.hooks, self.hooks.len())];
        for (what, announced, there) in counts {
            // A line that is wrong counts as missing, and is reported itself.
            if let Some(announced) = announced.filter(|announced| *announced != there as u64 && self.mistakes.is_empty()) {
                let error = format!("this announces {announced} {what} and {there} follow: the file is not whole, or was changed");
                self.mistakes.push(Mistake { line: number, error });
            }
        }
    }

    fn file(mut self) -> Result<File<'f>, Vec<Mistake>> {
        if !self.mistakes.is_empty() {
            return Err(self.mistakes);
        }
        self.connections.append(&mut self.hooks);
        Ok(File { lines: self.connections, services: self.services })
    }
}

/// The message without the line, which is always the first and would be taken for the file's.
fn sentence(error: &serde_json::Error) -> String {
    let (text, place) = (error.to_string(), format!(" at line {} column {}", error.line(), error.column()));
    format!("{} (column {})", text.strip_suffix(&place).unwrap_or(&text), error.column())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HEAD: &str = r#"{"export":{"format":"hookwright-connections 1","secrets":true}}"#;
    const CONNECTION: &str = r#"{"connection":{"id":"c","service":"slack","uid":"7"}}"#;
    const HOOK: &str = r#"{"hook":{"id":"h","service":"slack","connection":"c"}}"#;

    fn mistakes(lines: &[&str]) -> Vec<(usize, String)> {
        let mistakes = File::parse(&lines.join("\n")).unwrap_err();
        mistakes.into_iter().map(|mistake| (mistake.line, mistake.error)).collect()
    }

    #[test]
    fn connections_come_first_whatever_their_order_in_the_file() {
        let text = [HEAD, "", HOOK, CONNECTION].join("\n");
        let file = File::parse(&text).unwrap();
        assert_eq!(file.lines.iter().map(|line| line.number).collect::<Vec<_>>(), [4, 3]);
        assert_eq!(file.connection_of(&file.lines[1]), Some(("c", "slack")));
    }

    #[test]
    fn every_line_that_is_wrong_is_named() {
        let found = mistakes(&[HEAD, CONNECTION, CONNECTION, "{", r#"{"hook":{"id":"h","servic":"s"}}"#, HOOK, HOOK]);
        assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 4, 5, 7]);
        assert_eq!(found[0].1, "another connection before it has this id");
        assert!(found[1].1.starts_with("EOF while parsing") && found[1].1.ends_with("(column 1)"), "{}", found[1].1);
        assert!(found[2].1.starts_with("unknown field `servic`"), "{}", found[2].1);
    }

    #[test]
    fn the_first_line_names_the_form_and_says_whether_everything_is_there() {
        assert!(mistakes(&[CONNECTION])[0].1.starts_with("the first line has to be"));
        assert!(mistakes(&[])[0].1.starts_with("the first line has to be"));
        assert!(mistakes(&[&HEAD.replace("tions 1", "tions 2")])[0].1.contains("`hookwright-connections 2`"));
        assert!(mistakes(&[&HEAD.replace("true", "false")])[0].1.contains("--secrets"));
    }

    #[test]
    fn a_file_that_was_cut_off_is_refused() {
        let head = HEAD.replace("true", r#"true,"connections":2,"hooks":0"#);
        assert_eq!(mistakes(&[&head, CONNECTION])[0].1, "this announces 2 connections and 1 follow: the file is not whole, or was changed");
    }
}
