//! Every sample of spec-examples, sent over a real socket to a host that runs its service as it is.

use std::collections::BTreeSet;
use std::path::Path;

use hookwright_tests::host::Host;
use hookwright_tests::receiver::Receiver;
use hookwright_tests::samples::{self, Case};
use hookwright_webhook::Reply;
use hookwright_webhook::sample::compare_reply;

use super::installation;

#[test]
fn githubs_samples_are_answered_and_delivered_as_recorded() {
    every_sample_holds("github");
}

#[test]
fn slacks_samples_are_answered_and_delivered_as_recorded() {
    every_sample_holds("slack");
}

#[test]
fn stripes_samples_are_answered_and_delivered_as_recorded() {
    every_sample_holds("stripe");
}

#[test]
fn discords_samples_are_answered_and_delivered_as_recorded() {
    every_sample_holds("discord");
}

#[test]
fn twilios_samples_are_answered_and_delivered_as_recorded() {
    every_sample_holds("twilio");
}

#[test]
fn sendgrids_samples_are_answered_and_delivered_as_recorded() {
    every_sample_holds("sendgrid");
}

#[test]
fn metas_samples_are_answered_and_delivered_as_recorded() {
    every_sample_holds("meta");
}

#[test]
fn the_samples_of_standard_webhooks_are_answered_and_delivered_as_recorded() {
    every_sample_holds("standard-webhooks");
}

#[test]
fn try_runs_a_plugin_at_the_time_that_a_sample_says() {
    let installation = installation();
    samples::install(&installation, "standard-webhooks");
    let service = installation.services().join("standard-webhooks");
    let sample = service.join("samples/key-pair");
    installation.run(&["try", service.to_str().unwrap(), sample.to_str().unwrap()]);
}

#[test]
fn no_example_is_left_out() {
    let known = ["discord", "github", "meta", "sendgrid", "slack", "standard-webhooks", "stripe", "twilio"].map(str::to_owned);
    let found: BTreeSet<_> = samples::services().iter().map(|path| name(path)).collect();
    assert_eq!(found, BTreeSet::from(known), "write a test for the new example");
}

fn name(service: &Path) -> String {
    service.file_name().unwrap().to_string_lossy().into_owned()
}

fn every_sample_holds(service: &str) {
    let installation = installation();
    samples::install(&installation, service);
    let receiver = Receiver::start().unwrap();
    let cases = samples::cases(&installation.services().join(service));
    let uids: BTreeSet<_> = cases.iter().flat_map(|case| &case.bundles).filter_map(|(uid, _)| uid.as_deref()).collect();
    for uid in uids {
        installation.connect(service, uid, &receiver.url(&format!("/{uid}")));
    }
    // Behind the proxy that they were recorded with: Twilio signs the URL.
    let host = installation.serve_with(&["--public-url", "https://hooks.example.com"]);
    for case in &cases {
        let mut request = case.at_present();
        if let Some(parameters) = case.parameters() {
            let parameters: Vec<_> = parameters.iter().map(String::as_str).collect();
            request.target = installation.hook(service, &parameters, &receiver.url("/hook"));
        }
        let reply = host.send(&request);
        compare(case, &Reply { status: reply.status, headers: reply.headers, body: reply.body });
        expect_deliveries(case, &receiver);
    }
    check_nothing_more(&cases, &receiver, host);
}

fn compare(case: &Case, reply: &Reply) {
    if let Some(difference) = compare_reply(&case.reply, reply) {
        panic!("{}: another reply\n{difference}", case.name);
    }
}

fn expect_deliveries(case: &Case, receiver: &Receiver) {
    for (uid, bundle) in &case.bundles {
        let path = path(uid.as_deref());
        hookwright_tests::wait::until_true(&format!("{} is delivered to {path}", case.name), || receiver.bodies(&path).contains(bundle));
    }
}

/// A host that has stopped delivers nothing more, so that what is there is all there is.
fn check_nothing_more(cases: &[Case], receiver: &Receiver, host: Host) {
    host.stop();
    let expected: usize = cases.iter().map(|case| case.bundles.len()).sum();
    let got = receiver.deliveries();
    let shown: Vec<_> = got.iter().map(|delivery| delivery.json().to_string()).collect();
    assert_eq!(got.len(), expected, "{}", shown.join("\n"));
}

fn path(uid: Option<&str>) -> String {
    format!("/{}", uid.unwrap_or("hook"))
}
