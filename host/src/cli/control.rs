//! What the commands over connections and hooks have in common: their arguments, their way to the host, their tables.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::printable::{self, coloured_line};
use crate::admin::{Control, HookView};
use crate::deliver::{Destination, PULL};
use crate::key_file::Key;

/// Where `serve` listens unless it is told otherwise.
const USUAL_URL: &str = "http://127.0.0.1:8080";

/// Which host is meant.
#[derive(Args, Debug)]
pub(super) struct HostArguments {
    /// The host's data directory; the host may be running or not.
    #[arg(long, global = true, env = "HOOKWRIGHT_DATA", value_name = "DIR", default_value = "data")]
    data_dir: PathBuf,

    /// The file with the key that connections and hooks are encrypted with; only where no server runs.
    #[arg(long, global = true, env = "HOOKWRIGHT_KEY_FILE", value_name = "FILE")]
    key_file: Option<PathBuf>,
}

/// What stands before the path in printed URLs.
#[derive(Args, Debug)]
pub(super) struct UrlArguments {
    /// What senders see before the path; a running server knows it by itself.
    #[arg(long, env = "HOOKWRIGHT_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
}

impl HostArguments {
    /// The data directory itself, for what is done where no server runs.
    pub(super) fn data_directory(&self) -> &Path {
        &self.data_dir
    }

    /// The key, where one is named.
    pub(super) fn key(&self) -> anyhow::Result<Option<Key>> {
        Ok(self.key_file.as_deref().map(Key::read).transpose()?)
    }

    /// Asks the host for something.
    pub(super) fn ask<A: DeserializeOwned>(&self, method: Method, target: &str, body: Option<&impl Serialize>) -> anyhow::Result<A> {
        match method {
            Method::POST => self.on_existing_or_new(async |control| Ok(control.ask(method, target, body).await?)),
            _ => self.on_existing(async |control| Ok(control.ask(method, target, body).await?)),
        }
    }

    /// Reads what comes line by line and has an end.
    pub(super) fn read(&self, target: &str, each: impl FnMut(&[u8]) -> anyhow::Result<()>) -> anyhow::Result<()> {
        self.on_existing(async |control| control.read(target, each).await)
    }

    /// Does what takes many questions, on a data directory that is there.
    pub(super) fn on_existing<T>(&self, run: impl AsyncFnOnce(Control) -> anyhow::Result<T>) -> anyhow::Result<T> {
        block_on(async { run(Control::open_with(&self.data_dir, self.key_file.as_deref()).await?).await })
    }

    /// The same on one that is made if it is not there.
    pub(super) fn on_existing_or_new<T>(&self, run: impl AsyncFnOnce(Control) -> anyhow::Result<T>) -> anyhow::Result<T> {
        block_on(async { run(Control::open_or_create_with(&self.data_dir, self.key_file.as_deref()).await?).await })
    }

    /// Asks for something that comes line by line; `begun` is called once it is followed.
    pub(super) fn follow<T: DeserializeOwned>(
        &self,
        target: &str,
        begun: impl FnOnce(),
        mut each: impl FnMut(T) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        block_on(async {
            let control = Control::open(&self.data_dir).await?;
            let each = |line: &[u8]| each(serde_json::from_slice(line).context("the server says what this version does not know")?);
            control.follow(target, begun, each).await
        })
    }

    /// Asks for something that needs no body.
    pub(super) fn ask_plainly<A: DeserializeOwned>(&self, method: Method, target: &str) -> anyhow::Result<A> {
        self.ask(method, target, None::<&()>)
    }
}

/// A path whose id is percent-encoded: `/hooks/`, the id, `/enable`.
pub(super) fn path_of(before: &str, id: &str, after: &str) -> String {
    const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    format!("{before}{}{after}", utf8_percent_encode(id, ENCODED))
}

fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start the runtime")?.block_on(work)
}

impl UrlArguments {
    /// The URLs of a hook. Those that nobody could know are guessed, with a note on standard error.
    pub(super) fn urls(&self, hook: &HookView) -> Vec<String> {
        let under = |base: &str| hook.paths.iter().map(|path| format!("{}{path}", base.trim_end_matches('/'))).collect();
        match &self.public_url {
            Some(base) => under(base),
            None if !hook.urls.is_empty() => hook.urls.clone(),
            None => {
                anstream::eprintln!("note: no server runs that knows its public URL; --public-url sets what stands before the path");
                under(USUAL_URL)
            }
        }
    }
}

/// A destination with its path, if it is one, made absolute: the server has another working directory.
pub(super) fn destination(text: &str) -> anyhow::Result<String> {
    if text == PULL {
        return Ok(text.to_owned());
    }
    let here = std::env::current_dir().context("the working directory is gone")?;
    Ok(Destination::parse(text)?.absolute(&here).to_string())
}

/// Reads `name=text` or `name:=json`, as httpie writes them.
pub(super) fn member(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("write it as name=text or name:=json")?;
    let (name, value) = match name.strip_suffix(':') {
        Some(name) => (name, serde_json::from_str(value).map_err(|error| format!("what follows := is not JSON: {error}"))?),
        None => (name, Value::from(value)),
    };
    match name {
        "" => Err("the name before = is missing".into()),
        name => Ok((name.to_owned(), value)),
    }
}

/// Prints rows under their titles, columns aligned.
pub(super) fn print_table<const N: usize>(titles: [&str; N], rows: &[[String; N]]) -> io::Result<()> {
    let titles = titles.map(str::to_owned);
    let rows: Vec<_> = rows.iter().map(|row| row.each_ref().map(|cell| coloured_line(cell))).collect();
    let lines = || std::iter::once(&titles).chain(&rows);
    let widths: [usize; N] = std::array::from_fn(|column| lines().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let mut out = anstream::stdout().lock();
    for row in lines() {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
    }
    Ok(())
}

/// Shows the secret of a new hook, where it has one, on standard error: standard output is for what scripts take up.
pub(super) fn print_secret(secret: Option<&str>) {
    if let Some(secret) = secret {
        anstream::eprintln!("its deliveries are signed (Standard Webhooks) with this secret, which is not shown again: {secret}");
    }
}

/// Prints something as JSON to read.
pub(super) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    writeln!(io::stdout().lock(), "{}", printable::json(&serde_json::to_string_pretty(value)?))?;
    Ok(())
}

/// `name, name=value`: the members, with their values where these are not masked.
pub(super) fn members(members: &serde_json::Map<String, Value>, with_values: bool) -> String {
    let shown = members.iter().map(|(name, value)| match value {
        _ if !with_values => name.clone(),
        Value::String(text) => format!("{name}={text}"),
        other => format!("{name}:={other}"),
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_text_unless_they_are_written_as_json() {
        assert_eq!(member("secret=a=b").unwrap(), ("secret".into(), json!("a=b")));
        assert_eq!(member("limit:=5").unwrap(), ("limit".into(), json!(5)));
        assert_eq!(member("tags:=[\"a\"]").unwrap(), ("tags".into(), json!(["a"])));
        assert_eq!(member("empty=").unwrap(), ("empty".into(), json!("")));
    }

    #[test]
    fn a_member_that_is_none_says_how_it_is_written() {
        assert_eq!(member("secret").unwrap_err(), "write it as name=text or name:=json");
        assert_eq!(member("=x").unwrap_err(), "the name before = is missing");
        assert!(member("n:=x").unwrap_err().starts_with("what follows := is not JSON: expected value"));
    }

    #[test]
    fn an_id_is_one_segment_of_a_path_whatever_is_in_it() {
        assert_eq!(path_of("/hooks/", "a-1_B.c", "/enable"), "/hooks/a-1_B.c/enable");
        assert_eq!(path_of("/events/", "../x?y#\n", ""), "/events/..%2Fx%3Fy%23%0A");
    }

    #[test]
    fn a_path_is_made_absolute_and_a_bad_destination_refused() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(destination("file:out.jsonl").unwrap(), format!("file:{}/out.jsonl", here.display()));
        assert!(destination("ftp://x").unwrap_err().to_string().contains("is no destination"));
    }
}
