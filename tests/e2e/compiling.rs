//! A plugin that makes the compiler take what it can get: it is refused, and whoever is served goes on being served.

use std::fs;

use hookwright_tests::plugins;
use serde_json::json;

use super::{answering, installation};

/// A component of some 40 KB: one function, whose locals are all carried through many branches in a loop.
fn bomb() -> Vec<u8> {
    const LOCALS: u32 = 2000;
    let mut code = [&[1][..], &number(LOCALS), &[0x7f, 0x03, 0x40]].concat();
    for branch in 0..LOCALS {
        code.extend([&[0x20, 0, 0x04, 0x40, 0x41, 7, 0x21][..], &number(1 + branch), &[0x0b]].concat());
    }
    code.extend([0x20, 0, 0x0d, 0, 0x0b]);
    for local in 1..=LOCALS {
        code.extend([&[0x20, 0, 0x20][..], &number(local), &[0x6a, 0x21, 0]].concat());
    }
    code.extend([0x20, 0, 0x0b]);
    let sized = |bytes: &[u8]| [&number(u32::try_from(bytes.len()).unwrap()), bytes].concat();
    let section = |id: u8, content: &[u8]| [&[id][..], &sized(content)].concat();
    let types = section(1, &[1, 0x60, 1, 0x7f, 1, 0x7f]);
    let module = [b"\0asm\x01\0\0\0", &types[..], &section(3, &[1, 0]), &section(10, &[&[1][..], &sized(&code)].concat())].concat();
    [b"\0asm\x0d\0\x01\0", &section(1, &module)[..]].concat()
}

/// A number as WebAssembly writes it (LEB128).
fn number(mut number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

#[test]
fn a_plugin_that_takes_too_much_to_compile_is_refused_and_its_last_good_one_keeps_serving() {
    let installation = installation();
    installation.spec("healthy", &answering("healthy"));
    installation.spec("probe", r#"{ "uid": "u", "respond": { "type": "text", "body": "{{same('good')}}" } }"#);
    installation.write("probe", "plugin.wasm", fs::read(plugins::of_tests("probe")).unwrap());
    let host = installation.serve_with(&["--plugin-compile-memory", "160MiB"]);
    assert_eq!(host.post("/probe", &json!({})).text(), "good");
    installation.write("probe", "plugin.wasm", bomb());
    host.wait_for_log("the plugin takes more than 160MiB of memory to compile (--plugin-compile-memory)");
    assert_eq!(host.post("/probe", &json!({})).text(), "good");
    installation.write("probe", "plugin.wasm", fs::read(plugins::of_tests("signing")).unwrap());
    host.wait_for_log("there is no function `same`");
    host.stop();
}
