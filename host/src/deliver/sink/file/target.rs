//! `file:PATH?rotate=100MiB&keep=5&fsync=1s`: a file as a destination.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::duration::duration;
use crate::size::{Size, size};

/// A file to append to, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub(super) path: PathBuf,
    pub(super) options: Options,
    /// The options as they were written.
    query: String,
}

/// How a file is appended to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// When the file makes room for a new one.
    pub rotate: Option<Rotate>,
    /// How many of those that made room are kept; none: all.
    pub keep: Option<usize>,
    /// When a line counts as delivered.
    pub sync: Sync,
}

/// When a file makes room for a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rotate {
    /// Before it would have more bytes than this.
    Size(u64),
    /// On the first line of another day (UTC).
    Daily,
}

/// When a line counts as delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Sync {
    /// When it is on the disk (`fdatasync`, one for all lines that wait).
    #[default]
    Always,
    /// When the operating system has it; it is on the disk so long after that at most.
    Every(Duration),
    /// When the operating system has it; a power cut may take it.
    Never,
}

impl Target {
    /// Reads what stands after `file:`.
    pub(in crate::deliver) fn parse(rest: &str) -> Result<Self, String> {
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        Ok(Self { path: read_path(path)?, options: Options::parse(query)?, query: query.to_owned() })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether this is the same file with other options.
    pub fn contradicts(&self, other: &Self) -> bool {
        self.path == other.path && self.options != other.options
    }

    /// The same with a relative path taken from `base`.
    pub(in crate::deliver) fn absolute(self, base: &Path) -> Self {
        Self { path: base.join(&self.path), ..self }
    }
}

/// As [`Target::parse`] reads it, with `file:` before it.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "file:{}", self.path.display())?;
        match self.query.as_str() {
            "" => Ok(()),
            query => write!(f, "?{query}"),
        }
    }
}

impl Options {
    fn parse(query: &str) -> Result<Self, String> {
        let mut options = Self::default();
        let mut seen = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if seen.contains(&name) {
                return Err(format!("`{name}` stands there twice"));
            }
            match &*name {
                "rotate" => options.rotate = Some(rotate(&value)?),
                "keep" => options.keep = Some(keep(&value)?),
                "fsync" => options.sync = sync(&value)?,
                _ => return Err(format!("`{name}` is no parameter of a file: there are rotate, keep and fsync")),
            }
            seen.push(name);
        }
        match options {
            Self { rotate: None, keep: Some(_), .. } => Err("`keep` says how many rotated files to keep, and there is no `rotate`".into()),
            options => Ok(options),
        }
    }
}

fn read_path(rest: &str) -> Result<PathBuf, String> {
    let path = match rest.strip_prefix("//") {
        Some(local) if local.starts_with('/') => local,
        Some(_) => return Err("a file on another machine cannot be reached".into()),
        None => rest,
    };
    match path {
        "" => Err("the path is missing".into()),
        directory if directory.ends_with('/') => Err("it names a directory, not a file".into()),
        path => Ok(path.into()),
    }
}

fn rotate(text: &str) -> Result<Rotate, String> {
    match text {
        "daily" => Ok(Rotate::Daily),
        _ => match size(text) {
            Ok(Size(bytes @ 1..)) => Ok(Rotate::Size(bytes)),
            _ => Err(format!("`rotate={text}` is neither a size such as 100MiB nor `daily`")),
        },
    }
}

fn keep(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|keep| *keep > 0).ok_or_else(|| format!("`keep={text}` is no number of files from 1 on"))
}

fn sync(text: &str) -> Result<Sync, String> {
    match text {
        "always" => Ok(Sync::Always),
        "never" => Ok(Sync::Never),
        time => match duration(time) {
            Ok(every) if !every.is_zero() => Ok(Sync::Every(every)),
            _ => Err(format!("`fsync={text}` is neither `always` nor `never` nor a time such as 1s")),
        },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn options(query: &str) -> Result<Options, String> {
        Target::parse(&format!("/out.jsonl?{query}")).map(|target| target.options)
    }

    #[test]
    fn a_file_without_parameters_grows_for_ever_and_every_line_is_on_the_disk() {
        assert_eq!(options(""), Ok(Options { rotate: None, keep: None, sync: Sync::Always }));
    }

    #[test]
    fn parameters_say_when_to_rotate_what_to_keep_and_when_to_sync() {
        let second = Sync::Every(Duration::from_secs(1));
        assert_eq!(
            options("rotate=100MiB&keep=5&fsync=1s"),
            Ok(Options { rotate: Some(Rotate::Size(100 << 20)), keep: Some(5), sync: second })
        );
        assert_eq!(options("rotate=daily&fsync=never"), Ok(Options { rotate: Some(Rotate::Daily), keep: None, sync: Sync::Never }));
    }

    #[test]
    fn what_is_no_parameter_or_no_value_says_what_there_is() {
        let message = |query| options(query).unwrap_err();
        assert_eq!(message("rotat=1"), "`rotat` is no parameter of a file: there are rotate, keep and fsync");
        assert_eq!(message("rotate=1&rotate=2"), "`rotate` stands there twice");
        assert_eq!(message("keep=2"), "`keep` says how many rotated files to keep, and there is no `rotate`");
        for wrong in
            ["rotate=", "rotate=0", "rotate=weekly", "rotate=1XB", "rotate=99999999999GiB", "rotate=1&keep=0", "fsync=0s", "fsync=1"]
        {
            assert!(options(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_directory_is_no_file() {
        assert_eq!(Target::parse("/tmp/").unwrap_err(), "it names a directory, not a file");
    }

    #[test]
    fn it_contradicts_the_same_file_with_other_options_only() {
        let target = |text| Target::parse(text).unwrap();
        assert!(target("/a?fsync=never").contradicts(&target("/a")));
        assert!(!target("/a?rotate=1MiB&fsync=always").contradicts(&target("/a?rotate=1024KiB")));
        assert!(!target("/a?fsync=never").contradicts(&target("/b")));
    }
}
