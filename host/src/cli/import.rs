//! `hookwright import`: connections and hooks from JSON lines.

mod file;

use std::collections::HashMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use http::Method;
use serde::Serialize;
use serde_json::value::RawValue;

use super::control::{HostArguments, print_json};
use super::printable::on_one_line;
use super::progress::Progress;
use crate::admin::{Control, Imported};
use file::{File, Line, Mistake};

/// Bytes of definitions that are put at once, with one sync of the disk: a request takes a MiB.
const BATCH: usize = 800 << 10;
/// Mistakes that are printed.
const SHOWN: usize = 20;

/// Add connections and hooks from JSON lines, as `hookwright export --secrets` prints them.
///
/// It works whether a server runs or not. A definition whose id is there already replaces what is
/// there; the same again is skipped; what the file does not name stays. Everything is checked first:
/// if a line is wrong, all that are wrong are listed and nothing is imported. An import that is
/// interrupted can be run again.
///
/// `hookwright export --help` shows the form. Written by hand, the first line may be as short as
/// this, and the order of the rest does not matter:
///
///   {"export":{"format":"hookwright-connections 1","secrets":true}}
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    host: HostArguments,

    /// The file; `-` for standard input.
    file: PathBuf,

    /// Only check it, and say what importing it would do.
    #[arg(long)]
    dry_run: bool,

    /// Print what was done as JSON.
    #[arg(long)]
    json: bool,
}

/// Imports it.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { host, file: path, dry_run, json } = arguments;
    let text = read(&path)?;
    let file = match File::parse(&text) {
        Ok(file) => file,
        Err(mistakes) => return Err(refused(&path, &mistakes)),
    };
    let done = match dry_run {
        true => host.on_existing(async |control| check(&control, &file).await)?,
        false => host.on_existing_or_new(async |control| check_and_import(&control, &file).await)?,
    };
    let done = done.map_err(|mistakes| refused(&path, &mistakes))?;
    if json {
        print_json(&done)?;
    }
    let Imported { added, replaced, unchanged, .. } = done;
    let would = if dry_run { "would be " } else { "" };
    anstream::eprintln!("{would}added: {added}, {would}replaced: {replaced}, skipped because they are there already: {unchanged}");
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> anyhow::Result<String> {
    if path != Path::new("-") {
        return fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
    }
    let mut text = String::new();
    io::stdin().lock().read_to_string(&mut text).context("cannot read standard input")?;
    Ok(text)
}

fn refused(path: &Path, mistakes: &[Mistake]) -> anyhow::Error {
    for Mistake { line, error } in mistakes.iter().take(SHOWN) {
        anstream::eprintln!("{}:{line}: {}", path.display(), on_one_line(&error.to_string()));
    }
    if let Some(more @ 1..) = mistakes.len().checked_sub(SHOWN) {
        anstream::eprintln!("and {more} more");
    }
    anyhow::anyhow!("nothing was imported, because of {} mistake{}", mistakes.len(), if mistakes.len() == 1 { "" } else { "s" })
}

async fn check_and_import(control: &Control, file: &File<'_>) -> anyhow::Result<Result<Imported, Vec<Mistake>>> {
    match check(control, file).await? {
        Ok(_) => import(control, file).await.map(Ok),
        wrong @ Err(_) => Ok(wrong),
    }
}

#[derive(Serialize)]
struct Preview<'f> {
    definitions: Vec<&'f RawValue>,
    /// The services of the connections that these hooks are on, where they are in the file.
    given: HashMap<&'f str, &'f str>,
}

#[derive(Serialize)]
struct Import<'f> {
    definitions: Vec<&'f RawValue>,
}

/// What importing all would do.
async fn check(control: &Control, file: &File<'_>) -> anyhow::Result<Result<Imported, Vec<Mistake>>> {
    let (mut would, mut mistakes) = (Imported::default(), Vec::new());
    let mut progress = Progress::new("checked", file.lines.len());
    let mut done = 0;
    for batch in batches(&file.lines) {
        let given = batch.iter().filter_map(|line| file.connection_of(line)).collect();
        let body = Preview { definitions: definitions(batch)?, given };
        let answer: Imported = control.ask(Method::POST, "/import/preview", Some(&body)).await?;
        would.add(&answer);
        mistakes.extend(answer.mistakes.into_iter().map(|mistake| Mistake { line: batch[mistake.at].number, error: mistake.error }));
        done += batch.len();
        progress.at(done);
    }
    mistakes.sort_by_key(|mistake| mistake.line);
    Ok(if mistakes.is_empty() { Ok(would) } else { Err(mistakes) })
}

async fn import(control: &Control, file: &File<'_>) -> anyhow::Result<Imported> {
    let mut imported = Imported::default();
    let mut progress = Progress::new("imported", file.lines.len());
    let mut done = 0;
    for batch in batches(&file.lines) {
        let asked: Result<Imported, _> = control.ask(Method::POST, "/import", Some(&Import { definitions: definitions(batch)? })).await;
        let answer = asked.with_context(|| match done {
            0 => "nothing was imported".to_owned(),
            _ => format!("{done} of {} definitions were imported; running this again goes on from there", file.lines.len()),
        })?;
        imported.add(&answer);
        done += batch.len();
        progress.at(done);
    }
    Ok(imported)
}

fn definitions<'f>(batch: &[Line<'f>]) -> anyhow::Result<Vec<&'f RawValue>> {
    let raw = |line: &Line<'f>| serde_json::from_str(line.text).with_context(|| format!("line {} is no JSON", line.number));
    batch.iter().map(raw).collect()
}

/// As many lines at once as fit into a request.
fn batches<'l, 'f>(lines: &'l [Line<'f>]) -> impl Iterator<Item = &'l [Line<'f>]> {
    let mut rest = lines;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |line: &&Line<'_>| {
            // A hook's connection is given beside it, at most once.
            bytes += line.text.len() + line.connection.as_ref().map_or(0, |id| id.len() + 64) + 1;
            bytes <= BATCH
        };
        let count = rest.iter().take_while(fits).count().max(1).min(rest.len());
        let (batch, after) = rest.split_at(count);
        rest = after;
        (!batch.is_empty()).then_some(batch)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_as_large_as_a_request_takes_and_no_line_is_left_out() {
        let (half, whole) = ("x".repeat(BATCH / 2 - 1), "x".repeat(BATCH + 1));
        let line = |text| Line { number: 0, text, connection: None };
        let lines = [line(half.as_str()), line(&half), line(&half), line(&whole), line("x")];
        assert_eq!(batches(&lines).map(<[_]>::len).collect::<Vec<_>>(), [2, 1, 1, 1]);
        assert_eq!(batches(&[]).count(), 0);
    }
}
