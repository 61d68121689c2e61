//! The examples as components: what the linker leaves of the contract, and how large it is.
//!
//! A shard that sends no HTTP request must not import `nexus:shard/http`, though its bindings know it: the host would ask the
//! operator for a capability that nobody uses.

#![expect(clippy::expect_used, reason = "a test")]

use std::{collections::BTreeSet, fs, path::Path, process::Command, sync::LazyLock};

use wasmparser::{Parser, Payload};

/// The release profile of `sdk/templates/rust`.
const PROFILE: [(&str, &str); 5] = [
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1"),
    ("CARGO_PROFILE_RELEASE_LTO", "fat"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "s"),
    ("CARGO_PROFILE_RELEASE_PANIC", "abort"),
    ("CARGO_PROFILE_RELEASE_STRIP", "true"),
];

/// Builds both examples once, in a folder of their own, so that no other build is waited for.
static EXAMPLES: LazyLock<&Path> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "nexus-shard", "--examples", "--release"])
        .args(["--target", "wasm32-wasip2", "--target-dir"])
        .arg(folder)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .envs(PROFILE)
        .status()
        .expect("cargo starts");
    assert!(built.success(), "the examples do not build for wasm32-wasip2");
    folder
});

fn component(example: &str) -> Vec<u8> {
    let path = format!("wasm32-wasip2/release/examples/{example}.wasm");
    fs::read(EXAMPLES.join(path)).expect("cargo built it")
}

/// The interfaces of the contract that a component imports and exports.
fn interfaces(component: &[u8]) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut imports, mut exports) = (BTreeSet::new(), BTreeSet::new());
    for payload in Parser::new(0).parse_all(component) {
        match payload.expect("a component") {
            Payload::ComponentImportSection(section) => {
                imports.extend(section.into_iter().map(|import| import.expect("an import").name.name.to_owned()));
            }
            Payload::ComponentExportSection(section) => {
                exports.extend(section.into_iter().map(|export| export.expect("an export").name.name.to_owned()));
            }
            _ => {}
        }
    }
    for names in [&mut imports, &mut exports] {
        names.retain(|name| name.starts_with("nexus:"));
    }
    (imports, exports)
}

fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(|name| format!("nexus:shard/{name}@0.1.0")).into()
}

#[test]
fn a_shard_without_http_imports_nothing_that_needs_a_capability() {
    let (imports, exports) = interfaces(&component("greeter"));
    assert!(imports.is_subset(&set(["types"])), "{imports:?}");
    assert_eq!(exports, set(["lifecycle", "tools"]));
}

#[test]
fn a_shard_imports_what_it_uses() {
    let (imports, exports) = interfaces(&component("stations"));
    assert_eq!(imports, set(["http", "log", "types"]));
    assert_eq!(exports, set(["lifecycle", "tools"]));
}

#[test]
fn a_small_shard_is_small() {
    let size = component("greeter").len();
    assert!(size < 300 * 1024, "{size} bytes");
}
