//! `hookwright hooks pull`: the bundles of a hook without a destination.

use std::io::{self, Write};
use std::time::Duration;

use clap::Args;
use http::Method;

use super::super::printable::json;
use super::{HostArguments, duration, path_of};
use crate::admin::{Acknowledge, AcknowledgeAnswer, PulledBundles};

/// How long to wait where bundles are to be followed and nothing else is said.
const FOLLOWING: Duration = Duration::from_secs(30);

/// Print the bundles that wait at a hook without a destination, a JSON object a line: the oldest first.
///
/// Until they are acknowledged they wait, for as long as `serve --retain` keeps events. Each has an `id`, by which repeats can be dropped, and
/// a `cursor`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The hook's id, as `list` shows it.
    id: String,
    /// Acknowledge them once they are printed. Those of a reader that dies before that are printed again.
    #[arg(long)]
    ack: bool,
    /// Only those after this cursor.
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
    /// How long to wait for one if there is none, such as 30s; five minutes at most.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    wait: Option<Duration>,
    /// How many to print at a time, at most.
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    /// Go on for ever: print what comes when it comes.
    #[arg(long)]
    follow: bool,
}

pub(super) fn run(host: &HostArguments, arguments: &Arguments) -> anyhow::Result<()> {
    let mut after = arguments.after.clone();
    loop {
        let pulled: PulledBundles = host.ask_plainly(Method::GET, &target(arguments, after.as_deref()))?;
        print(&pulled)?;
        let cursors: Vec<_> = pulled.bundles.into_iter().map(|bundle| bundle.cursor).collect();
        after = cursors.last().cloned().or(after);
        if arguments.ack && !cursors.is_empty() {
            let wanted = Acknowledge { ids: Some(cursors), cursor: None };
            let _: AcknowledgeAnswer = host.ask(Method::POST, &path_of("/hooks/", &arguments.id, "/bundles/ack"), Some(&wanted))?;
            // What is redriven meanwhile has an earlier place; what is acknowledged does not come again.
            after.clone_from(&arguments.after);
        }
        if !arguments.follow {
            return Ok(());
        }
    }
}

fn target(arguments: &Arguments, after: Option<&str>) -> String {
    let wait = arguments.wait.or(arguments.follow.then_some(FOLLOWING)).unwrap_or_default();
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &arguments.limit.to_string()).append_pair("wait", &format!("{}ms", wait.as_millis()));
    if let Some(after) = after {
        query.append_pair("after", after);
    }
    path_of("/hooks/", &arguments.id, "/bundles?") + &query.finish()
}

/// Whole lines, so that a reader never sees half a bundle.
fn print(pulled: &PulledBundles) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    for bundle in &pulled.bundles {
        writeln!(out, "{}", json(&serde_json::to_string(bundle)?))?;
    }
    Ok(out.flush()?)
}
