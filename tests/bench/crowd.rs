//! Whether it matters how many connections there are: the same load with one, and with a million.

use std::fs::File;
use std::io::{BufWriter, Write};

use hookwright_tests::client::Request;
use hookwright_tests::host::{Host, Installation};

use super::load::Plan;
use super::report::Comparison;
use super::{Arguments, installation, measure};

/// How many are many.
const MANY: u64 = 1_000_000;
/// The one that the load is for, in the middle of the others.
const UID: u64 = MANY / 2;

/// Turn by turn, so that whatever else the machine does hits both.
pub(crate) fn compare(arguments: &Arguments) -> anyhow::Result<()> {
    let (alone, crowd) = (installation(arguments)?, installation(arguments)?);
    let with = [(&alone, UID..UID + 1), (&crowd, 0..MANY)].map(|(installation, uids)| connect(installation, uids));
    let [alone, crowd] = with.into_iter().collect::<anyhow::Result<Vec<_>>>()?.try_into().unwrap_or_else(|_| unreachable!("there are two"));
    let mut figures = Comparison::named("1 connection", "1,000,000");
    for _ in 0..arguments.turns {
        figures.add(measure(arguments, &plan(arguments, &alone))?, measure(arguments, &plan(arguments, &crowd))?);
    }
    println!("a shared webhook with one connection and with {MANY}\n{figures}");
    alone.stop();
    crowd.stop();
    Ok(())
}

/// A host with these connections, each with a hook.
fn connect(installation: &Installation, uids: std::ops::Range<u64>) -> anyhow::Result<Host> {
    installation.spec("crowd", r#"{ "uid": "{{body.team}}", "output": { "n": "{{body.n}}" } }"#);
    let path = installation.path("connections.jsonl");
    let mut out = BufWriter::new(File::create(&path)?);
    writeln!(out, r#"{{"export":{{"format":"hookwright-connections 1","secrets":true}}}}"#)?;
    for uid in uids.clone() {
        writeln!(out, r#"{{"connection":{{"id":"c{uid}","service":"crowd","uid":"T{uid}","data":{{}}}}}}"#)?;
    }
    for uid in uids {
        writeln!(out, r#"{{"hook":{{"id":"h{uid}","service":"crowd","connection":"c{uid}","destination":"file:/dev/null"}}}}"#)?;
    }
    out.flush()?;
    drop(out);
    installation.run(&["import", &path.to_string_lossy()]);
    Ok(installation.serve())
}

fn plan(arguments: &Arguments, host: &Host) -> Plan {
    let request = Request::json("/crowd", format!(r#"{{"team":"T{UID}","n":1}}"#)).header("connection", "keep-alive");
    Plan { address: host.address(), request: request.to_bytes(), connections: arguments.connections(), every: None }
}
