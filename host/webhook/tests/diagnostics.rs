//! Golden files of what a spec's author reads: each holds a spec, a line of dashes, and the diagnostics for it.
//!
//! `UPDATE=1 cargo test -p hookwright-webhook --test diagnostics` writes what is said now; read the difference.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::path::Path;

use hookwright_webhook::{LoadOptions, Source, Webhook};

const RULE: &str = "--------------------------------------------------\n";

#[test]
fn every_mistake_is_said_as_its_golden_file_has_it() {
    let update = std::env::var_os("UPDATE").is_some();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let mut files: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let wrong: Vec<_> = files.iter().filter_map(|file| compare(file, update)).collect();
    assert!(!files.is_empty());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn compare(file: &Path, update: bool) -> Option<String> {
    let golden = fs::read_to_string(file).unwrap();
    let (spec, expected) = golden.split_once(RULE).unwrap_or((&golden, ""));
    let got = said(spec);
    if update {
        fs::write(file, format!("{spec}{RULE}{got}")).unwrap();
    }
    (got != expected && !update).then(|| format!("{}:\n{got}", file.display()))
}

fn said(spec: &str) -> String {
    let source = Source::new("webhook.json", spec);
    let diagnostics = match Webhook::load(&source, LoadOptions::default()) {
        Ok((_, warnings)) => warnings,
        Err(mistakes) => mistakes,
    };
    diagnostics.iter().map(|diagnostic| format!("{}\n", diagnostic.render(&source.text, false))).collect()
}
