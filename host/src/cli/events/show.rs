//! `hookwright events show`

use std::io::{self, Write};

use clap::Args;
use http::Method;

use super::super::control::{HostArguments, path_of, print_json};
use super::super::printable::{on_one_line, printable};
use super::super::time::time;
use super::coloured;
use crate::admin::{BundleState, BundleView, EventDetail, EventView, RequestView};
use crate::trace::Trace;

/// Show an event: its request, its bundles, and how far each delivery is.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Its id, or its number as the log has it.
    #[arg(value_name = "ID")]
    id: String,
    /// Evaluate the request again with the spec as it is now, at the time at which it came, and show what each directive
    /// gives. Stores nothing and delivers nothing.
    #[arg(long)]
    trace: bool,
    /// Show tokens and the values of headers that hold secrets.
    #[arg(long, conflicts_with = "trace")]
    show_secrets: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(host: &HostArguments, arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { id, trace, show_secrets, json } = arguments;
    if *trace {
        let trace: Trace = host.ask_plainly(Method::GET, &path_of("/events/", id, "/trace"))?;
        return if *json { print_json(&trace) } else { print_trace(&trace) };
    }
    let show = if *show_secrets { "?show=secrets" } else { "" };
    let detail: EventDetail = host.ask_plainly(Method::GET, &path_of("/events/", id, show))?;
    if *json {
        return print_json(&detail);
    }
    let mut out = anstream::stdout().lock();
    print_event(&mut out, &detail)?;
    print_request(&mut out, &detail.request)?;
    detail.bundles.iter().try_for_each(|bundle| print_bundle(&mut out, bundle))?;
    Ok(())
}

fn print_trace(trace: &Trace) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "verification  {}", trace.verification)?;
    writeln!(out, "condition     {}", if trace.accepted { "held" } else { "did not hold" })?;
    if let Some(id) = &trace.dedupe {
        writeln!(out, "dedupe        {}", on_one_line(id))?;
    }
    writeln!(out)?;
    writeln!(out, "{}", printable(String::from_utf8_lossy(&trace.text()).trim_end_matches('\n')))?;
    for finding in &trace.diagnostics {
        writeln!(out, "\n{}", printable(&finding.to_string()))?;
        if let Some(help) = &finding.help {
            writeln!(out, "  help: {}", printable(help))?;
        }
    }
    Ok(())
}

fn print_event(out: &mut impl Write, detail: &EventDetail) -> io::Result<()> {
    let EventDetail { event, dedupe, replays, .. } = detail;
    let EventView { id, number, received_ms, service, webhook, outcome, failure, unmatched, replay_of, .. } = event;
    let said = |text: &str| on_one_line(text).into_owned();
    let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let lines = [
        ("event", Some(format!("{id}  (number {number})"))),
        ("received", Some(time(*received_ms))),
        ("webhook", Some(said(&format!("{service}/{webhook}")))),
        ("outcome", Some(coloured(*outcome))),
        ("failure", failure.as_deref().map(|text| printable(text).into_owned())),
        ("unmatched", known(&said(&unmatched.join(", ")))),
        ("dedupe", dedupe.as_deref().map(said)),
        ("replay of", replay_of.clone()),
        ("replays", known(&replays.join(", "))),
    ];
    lines.iter().filter_map(|(name, text)| Some((name, text.as_ref()?))).try_for_each(|(name, text)| writeln!(out, "{name:9}  {text}"))
}

fn print_request(out: &mut impl Write, request: &RequestView) -> io::Result<()> {
    writeln!(out, "\n{} {}  (from {})", request.method, on_one_line(&request.url), request.remote_address)?;
    request.headers.iter().try_for_each(|header| writeln!(out, "{}: {}", on_one_line(&header.name), on_one_line(&header.value)))?;
    let body = request.body.bytes();
    match std::str::from_utf8(&body) {
        Ok("") => Ok(()),
        Ok(text) => writeln!(out, "\n{}", printable(text.trim_end_matches('\n'))),
        Err(_) => writeln!(out, "\n({} bytes that are not text; --json has them)", body.len()),
    }
}

fn print_bundle(out: &mut impl Write, bundle: &BundleView) -> io::Result<()> {
    let BundleView { id, hook, state, attempts, due_ms, reason, json } = bundle;
    let state = match state {
        BundleState::Delivered => "\u{1b}[32mdelivered\u{1b}[0m",
        BundleState::Pending => "\u{1b}[36mpending\u{1b}[0m",
        BundleState::Dead => "\u{1b}[31mdead\u{1b}[0m",
    };
    write!(out, "\nbundle {id} for hook {hook}: {state}")?;
    if let Some(attempts @ 1..) = attempts {
        write!(out, " after {attempts} failed attempt{}", if *attempts == 1 { "" } else { "s" })?;
    }
    if let Some(due_ms) = due_ms {
        write!(out, ", next at {}", time(*due_ms))?;
    }
    if let Some(reason) = reason {
        write!(out, ": {}", on_one_line(reason))?;
    }
    writeln!(out, "\n{}", printable(json.get()))
}
