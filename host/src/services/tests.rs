//! Service directories as operators make, change and break them.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, Mode, mkfifoat};
use tempfile::TempDir;

use super::specs;
use super::{Examples, Loader, Pace, Scan, Secrets, Service, Services, Watch};
use crate::plugin::{self, Engine};

const DEDICATED: &str = r#"{"output": "{{body}}"}"#;
const SHARED: &str = r#"{"uid": "{{body.team}}"}"#;
const BROKEN: &str = r#"{"output": "{{nothing(1)}}"}"#;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn root(&self) -> PathBuf {
        self.0.path().join("services")
    }

    fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn load(&self, service: &str) -> Result<Service, String> {
        let loaded = self.loader().load(&self.root().join(service));
        loaded.map(|(service, _)| service).map_err(|report| report.render(false))
    }

    fn mistakes(&self, service: &str) -> String {
        self.load(service).map(|_| ()).unwrap_err()
    }

    fn loader(&self) -> Loader {
        let secrets = self.0.path().join("secrets.json");
        let engine = Arc::new(Engine::new(&plugin::Settings::default()).unwrap());
        Loader { engine, secrets: Secrets::new(secrets.exists().then_some(secrets)), examples: Examples::Refused }
    }

    /// A scan of the root, and the set that it keeps.
    fn scan(&self) -> (Scan, Arc<Services>) {
        fs::create_dir_all(self.root()).unwrap();
        let scan = Scan::new(vec![self.root()], &self.loader());
        let services = scan.services();
        (scan, services)
    }
}

impl Scan {
    /// Looks until nothing changes any more.
    fn settle(&mut self) {
        while self.refresh(Duration::MAX) {}
    }
}

fn names(services: &Services) -> Vec<String> {
    services.snapshot().keys().cloned().collect()
}

fn text(services: &Services, service: &str) -> String {
    services.service(service).unwrap().webhooks[0].source().text.clone()
}

#[test]
fn a_directory_with_one_spec_is_a_service_with_one_webhook() {
    let folder = Folder::new();
    let service = folder.write("slack/webhook.json", SHARED).load("slack").unwrap();
    assert_eq!(service.name, "slack");
    assert_eq!(service.path(&service.webhooks[0]).as_deref(), Some("/slack"));
    assert!(service.webhook(None).is_some());
}

#[test]
fn several_specs_have_their_names_in_their_paths() {
    let folder = Folder::new();
    folder
        .write("slack/webhooks/events.json", SHARED)
        .write("slack/webhooks/direct.json", DEDICATED)
        .write("slack/webhooks/.events.json.swp", "");
    let service = folder.load("slack").unwrap();
    let paths: Vec<_> = service.webhooks.iter().map(|webhook| service.path(webhook)).collect();
    assert_eq!(paths, [None, Some("/slack/events".to_owned())]);
    assert!(service.webhook(None).is_none());
    assert!(service.webhook(Some("direct")).is_some());
}

#[test]
fn a_name_that_cannot_stand_in_a_url_is_refused_with_the_character_at_fault() {
    let folder = Folder::new();
    folder.write("My_App/webhook.json", DEDICATED).write("h/webhook.json", DEDICATED).write("ok/webhooks/A b.json", DEDICATED);
    assert!(folder.mistakes("My_App").contains("`My_App` has `M` in it"));
    assert!(folder.mistakes("h").contains("cannot be called `h`"));
    assert!(folder.mistakes("ok").contains("`A b` has `A` in it"));
}

#[test]
fn every_mistake_in_every_file_is_reported_at_once() {
    let folder = Folder::new();
    folder
        .write("slack/webhooks/one.json", BROKEN)
        .write("slack/webhooks/two.json", r#"{"uidd": "{{body.a}}"}"#)
        .write("slack/webhooks/good.json", SHARED)
        .write("slack/common.json", "[1]");
    let mistakes = folder.mistakes("slack");
    for part in ["one.json:1:", "two.json:1:2", "common.json:1:1"] {
        assert!(mistakes.contains(part), "{part} is missing in {mistakes}");
    }
}

#[test]
fn a_plugin_that_is_not_wasm_is_named() {
    let folder = Folder::new();
    folder.write("slack/webhook.json", SHARED).write("slack/plugin.wasm", "not wasm");
    assert!(folder.mistakes("slack").contains("plugin.wasm"));
}

#[test]
fn a_directory_without_a_spec_or_with_two_places_for_it_is_refused() {
    let folder = Folder::new();
    folder.write("one/common.json", "{}").write("two/webhook.json", SHARED).write("two/webhooks/a.json", SHARED);
    assert!(folder.mistakes("one").contains("no `webhook.json`"));
    assert!(folder.mistakes("two").contains("both `webhook.json` and"));
}

#[test]
fn the_layouts_of_make_are_recognised_and_said_not_to_be_read() {
    let folder = Folder::new();
    folder.write("clone/makecomapp.json", "{}").write("export/.sdk", r#"{"version": 2}"#);
    assert!(folder.mistakes("clone").contains("local development clone"));
    assert!(folder.mistakes("export").contains("ZIP export"));
}

#[test]
fn the_operators_secrets_go_over_the_services_own() {
    let folder = Folder::new();
    folder.write("slack/webhook.json", SHARED).write("slack/common.json", "{\"key\": \"example\", /* kept */ \"other\": 1}");
    folder.write("../secrets.json", r#"{"slack": {"key": "real"}}"#);
    let common = folder.load("slack").unwrap().common;
    assert_eq!((common["key"].as_str(), common["other"].as_i64()), (Some("real"), Some(1)));
}

#[test]
fn a_broken_spec_keeps_the_old_one_serving_and_is_said_once() {
    let folder = Folder::new();
    let (mut scan, services) = folder.write("slack/webhook.json", SHARED).scan();
    scan.refresh(Duration::MAX);
    folder.write("slack/webhook.json", BROKEN);
    let log = logged(|| {
        scan.refresh(Duration::MAX);
        scan.refresh(Duration::MAX);
        folder.write("slack/plugin.txt", "something else changed");
        scan.refresh(Duration::MAX);
    });
    assert_eq!(text(&services, "slack"), SHARED);
    assert_eq!(log.matches("its last good version keeps serving").count(), 1, "{log}");
    assert!(log.contains("webhook.json:1:"), "{log}");
    folder.write("slack/webhook.json", DEDICATED);
    scan.refresh(Duration::MAX);
    assert_eq!(text(&services, "slack"), DEDICATED);
}

#[test]
fn a_request_keeps_the_version_it_began_with() {
    let folder = Folder::new();
    let (mut scan, services) = folder.write("slack/webhook.json", SHARED).scan();
    scan.refresh(Duration::MAX);
    let begun = services.service("slack").unwrap();
    folder.write("slack/webhook.json", DEDICATED);
    scan.refresh(Duration::MAX);
    assert_eq!(begun.webhooks[0].source().text, SHARED);
    assert_eq!(text(&services, "slack"), DEDICATED);
}

#[test]
fn a_broken_service_does_not_keep_others_from_loading() {
    let folder = Folder::new();
    let (mut scan, services) = folder.write("bad/webhook.json", BROKEN).write("slack/webhook.json", SHARED).scan();
    scan.refresh(Duration::MAX);
    assert_eq!(names(&services), ["slack"]);
}

#[test]
fn a_directory_that_is_gone_or_emptied_is_a_service_removed() {
    let folder = Folder::new();
    let (mut scan, services) = folder.write("one/webhook.json", SHARED).write("two/webhook.json", SHARED).scan();
    scan.refresh(Duration::MAX);
    fs::remove_dir_all(folder.root().join("one")).unwrap();
    fs::remove_file(folder.root().join("two/webhook.json")).unwrap();
    scan.refresh(Duration::MAX);
    assert_eq!(names(&services), Vec::<String>::new());
}

#[test]
fn the_second_directory_of_a_name_is_refused_until_the_first_is_gone() {
    let (first, second) = (Folder::new(), Folder::new());
    first.write("slack/webhook.json", SHARED);
    second.write("slack/webhook.json", DEDICATED);
    let roots = [first.root(), second.root()];
    let mut scan = Scan::new(roots.to_vec(), &first.loader());
    let services = scan.services();
    assert!(
        logged(|| {
            scan.refresh(Duration::MAX);
        })
        .contains("already served from")
    );
    let serving = services.service("slack").unwrap().directory.clone();
    fs::remove_dir_all(&serving).unwrap();
    scan.settle();
    assert_ne!(services.service("slack").unwrap().directory, serving);
}

#[test]
fn a_root_that_cannot_be_read_for_a_while_keeps_its_services() {
    let folder = Folder::new();
    let (mut scan, services) = folder.write("slack/webhook.json", SHARED).scan();
    scan.refresh(Duration::MAX);
    let aside = folder.0.path().join("aside");
    fs::rename(folder.root(), &aside).unwrap();
    scan.refresh(Duration::MAX);
    assert_eq!(names(&services), ["slack"]);
}

#[test]
fn what_is_no_regular_file_or_leads_out_is_named_and_holds_up_no_other_service() {
    let folder = Folder::new();
    folder.write("good/webhook.json", SHARED).write("../secret", "{}");
    for (service, target) in [("zero", "/dev/zero"), ("loops", "webhook.json"), ("out", "../../secret"), ("gone", "nothing")] {
        fs::create_dir_all(folder.root().join(service)).unwrap();
        symlink(target, folder.root().join(service).join("webhook.json")).unwrap();
    }
    for file in ["webhook.json", "common.json", "plugin.wasm"] {
        let service = file.replace('.', "-");
        folder.write(&format!("{service}/webhooks/a.json"), SHARED);
        let directory = folder.root().join(&service);
        let pipe = if file == "webhook.json" { directory.join("webhooks/b.json") } else { directory.join(file) };
        mkfifoat(CWD, pipe, Mode::RWXU).unwrap();
    }
    folder.write("directory/webhook.json/inner", "");
    File::create(folder.write("sparse/webhook.json", SHARED).root().join("sparse/plugin.wasm")).unwrap().set_len(20 << 30).unwrap();
    let (mut scan, services) = folder.scan();
    let log = logged(|| scan.settle());
    assert_eq!(names(&services), ["good"]);
    let expected = [
        "zero/webhook.json: is a link that leads out of",
        "loops/webhook.json: cannot be read: Too many levels of symbolic links",
        "out/webhook.json: is a link that leads out of",
        "gone/webhook.json: is a link to something that is not there",
        "webhook-json/webhooks/b.json: is a named pipe",
        "common-json/common.json: is a named pipe",
        "plugin-wasm/plugin.wasm: is a named pipe",
        "directory/webhook.json: is a directory",
        "sparse/plugin.wasm",
    ];
    for part in expected {
        assert!(log.contains(part), "{part} is missing in {log}");
    }
}

#[test]
fn a_directory_with_too_many_specs_is_refused_and_links_in_loops_cost_nothing() {
    let folder = Folder::new();
    folder.write("many/webhooks/a.json", SHARED).write("loops/webhook.json", SHARED);
    for number in 0..specs::ENTRIES {
        File::create(folder.root().join(format!("many/webhooks/{number}.txt"))).unwrap();
    }
    for (number, target) in [".", "/", ".."].iter().cycle().take(20).enumerate() {
        symlink(target, folder.root().join(format!("loops/link{number}"))).unwrap();
    }
    assert!(folder.mistakes("many").contains("webhooks: has more than 1000 entries"));
    let (mut scan, services) = folder.scan();
    scan.settle();
    assert_eq!(names(&services), ["loops"]);
}

#[test]
fn the_secrets_of_another_service_and_of_the_operator_cannot_be_had_by_a_link() {
    let folder = Folder::new();
    folder.write("stripe/webhook.json", SHARED).write("stripe/common.json", r#"{"key": "HIDDEN"}"#);
    folder.write("thief/webhook.json", SHARED).write("other/webhook.json", SHARED).write("hard/webhook.json", SHARED);
    folder.write("../secrets.json", r#"{"stripe": {"key": "HIDDEN"}}"#);
    symlink("../stripe/common.json", folder.root().join("thief/common.json")).unwrap();
    symlink(folder.0.path().join("secrets.json"), folder.root().join("other/common.json")).unwrap();
    fs::hard_link(folder.0.path().join("secrets.json"), folder.root().join("hard/common.json")).unwrap();
    assert!(folder.mistakes("thief").contains("leads out of the service's directory"));
    assert!(folder.mistakes("other").contains("leads out of the service's directory"));
    assert!(folder.mistakes("hard").contains("is the operator's file"));
}

#[test]
fn a_link_to_a_service_and_links_inside_it_are_followed_and_their_change_is_noticed() {
    let folder = Folder::new();
    for (version, spec) in [("one", SHARED), ("two", DEDICATED)] {
        folder.write(&format!("../elsewhere/{version}/webhook.json"), spec);
    }
    let elsewhere = folder.0.path().join("elsewhere");
    symlink("one", elsewhere.join("..data")).unwrap();
    symlink("..data/webhook.json", elsewhere.join("webhook.json")).unwrap();
    fs::create_dir_all(folder.root()).unwrap();
    symlink(&elsewhere, folder.root().join("slack")).unwrap();
    let (mut scan, services) = folder.scan();
    scan.settle();
    assert_eq!(text(&services, "slack"), SHARED);
    symlink("two", elsewhere.join("..new")).unwrap();
    fs::rename(elsewhere.join("..new"), elsewhere.join("..data")).unwrap();
    scan.settle();
    assert_eq!(text(&services, "slack"), DEDICATED);
}

#[test]
fn nothing_of_a_secrets_file_is_in_a_diagnostic() {
    let folder = Folder::new();
    for (service, text) in [
        ("array", r#"["HIDDEN"]"#),
        ("raw", "{\"HIDDEN\nHIDDEN\": 1}"),
        ("half", r#"{"key": "HIDDEN"#),
        ("bare", "{\"key\": HIDDEN}"),
        ("mark", r#"{"$example": "HIDDEN"}"#),
    ] {
        folder.write(&format!("{service}/webhook.json"), SHARED).write(&format!("{service}/common.json"), text);
        let mistakes = folder.mistakes(service);
        assert!(mistakes.contains("common.json:") && !mistakes.contains("HIDDEN"), "{mistakes}");
    }
}

#[test]
fn secrets_that_others_can_read_are_a_warning_with_the_way_out() {
    let folder = Folder::new();
    folder.write("slack/webhook.json", SHARED).write("slack/common.json", r#"{"key": "k"}"#);
    let warnings = |mode| {
        fs::set_permissions(folder.root().join("slack/common.json"), Permissions::from_mode(mode)).unwrap();
        let (_, report) = folder.loader().load(&folder.root().join("slack")).unwrap_or_else(|report| panic!("{report}"));
        report.render(false)
    };
    assert!(warnings(0o644).contains("(mode 644)") && warnings(0o644).contains("`chmod 600 "), "{}", warnings(0o644));
    assert_eq!((warnings(0o640), warnings(0o600)), (String::new(), String::new()));
}

#[test]
fn secrets_that_are_marked_as_an_example_are_refused_until_the_operator_sets_every_one() {
    let folder = Folder::new();
    folder.write("slack/webhook.json", SHARED).write("slack/common.json", r#"{"$example": true, "key": "known", "word": "known"}"#);
    assert!(folder.mistakes("slack").contains("an example that everybody knows"));
    let accepting = Loader { examples: Examples::Accepted, ..folder.loader() };
    let (service, report) = accepting.load(&folder.root().join("slack")).unwrap_or_else(|report| panic!("{report}"));
    assert!(report.to_string().contains("warning: these secrets are an example"), "{report}");
    assert!(!service.common.contains_key("$example"));
    folder.write("../secrets.json", r#"{"slack": {"key": "real"}}"#);
    assert!(folder.mistakes("slack").contains("an example that everybody knows"));
    folder.write("../secrets.json", r#"{"slack": {"key": "real", "word": "real"}}"#);
    let common = folder.load("slack").unwrap().common;
    assert_eq!((common["key"].as_str(), common.len()), (Some("real"), 2));
}

#[test]
fn a_call_of_a_function_from_a_plugin_that_is_missing_says_where_it_is() {
    let folder = Folder::new();
    folder.write("slack/webhook.json", r#"{"output": "{{ed25519Verify(1, 2, 3)}}"}"#).write("other/webhook.json", BROKEN);
    let mistakes = folder.mistakes("slack");
    for part in ["`ed25519Verify` is no built-in function, and there is no plugin.wasm here", "plugin build plugins/discord --to "] {
        assert!(mistakes.contains(part), "{mistakes}");
    }
    assert!(folder.mistakes("other").contains("there is no plugin.wasm here"));
}

#[test]
fn a_webhook_that_says_it_is_shared_does_not_load_without_the_plugin_that_finds_its_users() {
    let folder = Folder::new();
    folder.write("slack/webhook.json", r#"{"type": "web-shared", "output": "{{body}}"}"#);
    assert!(folder.mistakes("slack").contains("needs `uid` or a plugin"));
}

#[test]
fn an_export_is_recognised_without_its_hidden_file() {
    let folder = Folder::new();
    folder.write("shop/base.imljson", "{}").write("shop/webhooks/shop-abc/api.imljson", "{}");
    assert!(folder.mistakes("shop").contains("ZIP export"));
}

#[test]
fn the_watch_takes_up_what_editors_and_copies_do() {
    let folder = Folder::new();
    let (scan, services) = folder.scan();
    let _watch = Watch::start(scan, quick());
    folder.write("slack/webhook.json", SHARED);
    until("a directory added", || names(&services) == ["slack"]);
    rename_over(&folder.root().join("slack/webhook.json"), DEDICATED);
    until("a file put in its place", || text(&services, "slack") == DEDICATED);
    write_in_halves(&folder.root().join("slack/webhook.json"), SHARED);
    until("a file written in two halves", || text(&services, "slack") == SHARED);
    fs::remove_dir_all(folder.root().join("slack")).unwrap();
    until("a directory removed", || names(&services).is_empty());
}

#[test]
fn the_watch_finds_changes_that_nobody_tells_it_of() {
    let folder = Folder::new();
    let (scan, services) = folder.scan();
    let pace = Pace { rescan: Duration::from_millis(20), ..quick() };
    let root = folder.root();
    fs::rename(&root, folder.0.path().join("aside")).unwrap();
    let _watch = Watch::start(scan, pace);
    folder.write("slack/webhook.json", SHARED);
    until("a root that came later", || names(&services) == ["slack"]);
}

fn quick() -> Pace {
    Pace { settle: Duration::from_millis(20), patience: Duration::from_millis(500), rescan: Duration::from_secs(600) }
}

fn rename_over(path: &Path, text: &str) {
    let new = path.with_extension("json~");
    fs::write(&new, text).unwrap();
    fs::rename(new, path).unwrap();
}

fn write_in_halves(path: &Path, text: &str) {
    let (first, second) = text.split_at(text.len() / 2);
    let mut file = fs::File::create(path).unwrap();
    file.write_all(first.as_bytes()).unwrap();
    file.sync_all().unwrap();
    file.write_all(second.as_bytes()).unwrap();
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "{what} was not taken up");
        thread::park_timeout(Duration::from_millis(5));
    }
}

/// What `work` writes to the log.
fn logged(work: impl FnOnce()) -> String {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let writer = {
        let lines = lines.clone();
        move || Lines(lines.clone())
    };
    let subscriber = tracing_subscriber::fmt().with_writer(writer).with_ansi(false).finish();
    tracing::subscriber::with_default(subscriber, work);
    let lines = lines.lock().unwrap();
    String::from_utf8_lossy(&lines).into_owned()
}

struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
