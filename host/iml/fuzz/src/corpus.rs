//! Packs a folder of fuzzing inputs into one file of JSON texts, one a line, and unpacks it again.
//!
//!     cargo run --manifest-path host/iml/fuzz/Cargo.toml --bin corpus -- unpack

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const TARGETS: [&str; 2] = ["evaluate", "spec"];

fn main() -> io::Result<()> {
    let run: fn(&Path) -> io::Result<()> = match env::args().nth(1).as_deref() {
        Some("pack") => pack,
        Some("unpack") => unpack,
        _ => return Err(io::Error::other("say `pack` or `unpack`")),
    };
    TARGETS.iter().try_for_each(|target| run(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)))
}

/// Writes what is in the folder, shortest first, to the file beside it.
fn pack(folder: &Path) -> io::Result<()> {
    let files: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    // What is not UTF-8 is refused before anything is looked at: it teaches nothing.
    let inputs: BTreeSet<(usize, String)> =
        files.iter().filter_map(|file| fs::read_to_string(file).ok()).map(|input| (input.len(), input)).collect();
    let lines: String = inputs.iter().map(|(_, input)| format!("{}\n", serde_json::json!(input))).collect();
    fs::write(folder.with_extension("jsonl"), lines)
}

/// Fills the folder from the file beside it.
fn unpack(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let packed = fs::read_to_string(folder.with_extension("jsonl"))?;
    for (number, line) in packed.lines().enumerate() {
        let input: String = serde_json::from_str(line)?;
        fs::write(folder.join(format!("{number:05}")), input)?;
    }
    Ok(())
}
