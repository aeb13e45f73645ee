//! `hookwright demo`: everything at once, to look at. `cargo demo` runs it.

mod checkout;
mod receiver;
mod show;
pub mod sign;
mod stage;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use tokio::time::timeout;

use checkout::{Checkout, Sample};
use receiver::Receiver;
use stage::Stage;

use crate::{Running, server};

/// See it run: builds the first-party plugins, serves spec-examples, and sends them their providers' signed requests.
///
/// Needs a source checkout. Everything it makes is in a temporary directory and gone at the end.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The address to serve on; port 0 is any that is free.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// End after the show instead of serving on.
    #[arg(long)]
    once: bool,
}

/// What is shown of each service, in this order: the directories of its samples.
const PROGRAMME: [(&str, &[&str]); 8] = [
    ("github", &["ping", "issues-opened", "star-as-form", "changed-byte"]),
    ("slack", &["url-verification", "event", "slash-command", "interactive", "stale-timestamp"]),
    ("stripe", &["payment-of-connected-account", "secret-being-replaced", "changed-byte"]),
    ("discord", &["ping", "command", "ping-wrong-signature"]),
    ("twilio", &["message", "call-status-of-a-subaccount", "json", "changed-byte"]),
    ("sendgrid", &["delivery", "changed-byte"]),
    ("meta", &["verification", "whatsapp", "pages-and-messenger", "unescaped"]),
    ("standard-webhooks", &["secret-being-replaced", "svix", "stale-timestamp"]),
];

/// How long a bundle may take to its receiver before the demo says that something is wrong.
const DELIVERY: Duration = Duration::from_secs(30);

/// Sets up, shows, and serves on until Ctrl-C.
pub fn run(Arguments { listen, once }: Arguments) -> anyhow::Result<ExitCode> {
    let checkout = Checkout::find()?;
    let services: Vec<_> = PROGRAMME.iter().map(|(service, _)| *service).collect();
    let stage = Stage::build(&checkout, &services)?;
    let listener = server::bind(listen)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")?;
    runtime.block_on(async {
        show::step("starting the host");
        let running = stage.start(listener).await?;
        let mut receiver = Receiver::start().await?;
        let played = play(&checkout, &stage, &running, &mut receiver).await;
        if played.is_ok() && !once {
            serve_on(&running, &mut receiver).await?;
        }
        running.shutdown().await;
        played
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn play(checkout: &Checkout, stage: &Stage, running: &Running, receiver: &mut Receiver) -> anyhow::Result<()> {
    for (service, names) in PROGRAMME {
        show::title(service);
        for name in names {
            let sample = checkout.sample(service, name)?;
            perform(&sample, stage, running, receiver).await.with_context(|| format!("in the sample {service}/{name}"))?;
        }
    }
    Ok(())
}

/// One sample: sent, answered, delivered.
async fn perform(sample: &Sample, stage: &Stage, running: &Running, receiver: &mut Receiver) -> anyhow::Result<()> {
    let target = stage.listen(running, sample, receiver).await?;
    let request = sample.at_present(running.host(), target);
    show::request(sample, &request);
    let reply = stage::send(running.address(), &request).await?;
    show::reply(&reply);
    for _ in 0..sample.bundles {
        let bundle = timeout(DELIVERY, receiver.next()).await.context("a bundle has not arrived")?;
        show::bundle(&bundle);
    }
    if sample.bundles == 0 {
        show::nothing_delivered();
    }
    Ok(())
}

/// Shows what else is delivered until somebody presses Ctrl-C.
async fn serve_on(running: &Running, receiver: &mut Receiver) -> anyhow::Result<()> {
    show::serving(&format!("http://{}", running.address()));
    loop {
        tokio::select! {
            bundle = receiver.next() => show::bundle(&bundle),
            pressed = tokio::signal::ctrl_c() => return pressed.context("cannot wait for Ctrl-C"),
        }
    }
}
