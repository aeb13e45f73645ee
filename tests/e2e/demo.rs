//! `hookwright demo`, as `cargo demo` runs it.

use hookwright_tests::samples;

use super::installation;

#[test]
fn the_demo_shows_every_provider_and_ends_when_told_to() {
    let installation = installation();
    let mut command = installation.command(&["demo", "--once"]);
    let output = command.current_dir(samples::root()).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{shown}\n{}", String::from_utf8_lossy(&output.stderr));
    let expected = [
        "POST /h/",
        "POST /slack",
        "POST /stripe",
        "POST /discord",
        "POST /twilio",
        "GET /meta",
        "401 Unauthorized",
        "pong",
        "\"type\":1",
        "app_mention",
        "svix-signature",
        "Ym91bmNlLTEtRVhBTVBMRQ",
    ];
    for part in expected {
        assert!(shown.contains(part), "{part:?} is not in\n{shown}");
    }
    assert!(!shown.contains('\u{1b}'), "there are colours where nobody sees them");
}
