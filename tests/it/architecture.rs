//! Who may know whom. An edge between our packages that is not in the table fails, and so does a second user of a library
//! that is to have one.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use nexus_test_support::location;
use serde_json::Value;

/// Our packages, and which of our packages each may use. What is not listed is not allowed.
const MAY_USE: [(&str, &[&str]); 13] = [
    ("nexus-package", &[]),
    ("nexus-broker", &["nexus-package"]),
    ("nexus-runtime", &["nexus-package", "nexus-broker"]),
    ("nexus-mcp", &[]),
    ("nexus-hub", &["nexus-mcp"]),
    ("nexus-install", &["nexus-package"]),
    ("nexus", &["nexus-package", "nexus-broker", "nexus-runtime", "nexus-mcp", "nexus-hub", "nexus-install"]),
    ("nexus-shard-macros", &[]),
    ("nexus-shard", &["nexus-shard-macros"]),
    // Tests and project commands are not part of the product.
    ("nexus-test-support", &["nexus-package", "nexus-mock-data"]),
    ("nexus-it", &["nexus-test-support", "nexus-mock-data"]),
    ("nexus-bench", &["nexus-package", "nexus-broker", "nexus-runtime", "nexus-mcp", "nexus-hub"]),
    ("xtask", &[]),
];

/// The same in the workspaces of shards: nothing there knows the host.
const SHARDS_MAY_USE: [&str; 2] = ["nexus-shard", "nexus-mock-data"];

/// Libraries that have one user, so that a change of them, or to them, stays in one place.
const ONE_USER: [(&str, &[&str]); 6] = [
    ("wasmtime", &["nexus-runtime"]),
    ("wasmtime-wasi", &["nexus-runtime"]),
    ("wasmtime-wasi-http", &["nexus-runtime"]),
    ("rmcp", &["nexus-mcp", "nexus-it"]),
    ("axum", &["nexus-hub", "nexus-test-support"]),
    ("reqwest", &["nexus-broker", "nexus-bench"]),
];

/// What a package that is pure must not use: I/O and async.
const IMPURE: [&str; 8] = ["tokio", "reqwest", "hyper", "axum", "cap-std", "async-trait", "futures", "getrandom"];
const PURE: [&str; 1] = ["nexus-package"];

/// Each package of a workspace with the names of what it uses, tests aside.
fn dependencies(workspace: &str) -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(location::root().join(workspace))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata is JSON");
    let list = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let name = |value: &Value| value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let used = |package: &Value| {
        let all = list(package, "dependencies");
        all.iter().filter(|used| used.get("kind").and_then(Value::as_str) != Some("dev")).map(name).collect()
    };
    list(&metadata, "packages").iter().map(|package| (name(package), used(package))).collect()
}

fn is_ours(package: &str) -> bool {
    package == "nexus" || package.starts_with("nexus-") || package == "xtask"
}

#[test]
fn nobody_knows_whom_they_should_not() {
    let allowed = BTreeMap::from(MAY_USE);
    for (package, used) in dependencies(".") {
        let may = allowed.get(package.as_str()).unwrap_or_else(|| panic!("{package} is new: say here whom it may use"));
        for other in used.iter().filter(|other| is_ours(other)) {
            assert!(may.contains(&other.as_str()), "{package} uses {other}, which it may not know");
        }
    }
}

#[test]
fn a_library_with_one_user_has_one() {
    let used = dependencies(".");
    for (library, users) in ONE_USER {
        let found: Vec<&String> =
            used.iter().filter(|(_, all)| all.contains(library)).map(|(package, _)| package).collect();
        for package in found {
            assert!(users.contains(&package.as_str()), "{package} uses {library}, which is for {users:?} alone");
        }
    }
}

#[test]
fn what_is_pure_stays_pure() {
    let used = dependencies(".");
    for package in PURE {
        let all = used.get(package).expect("it is a package");
        for library in IMPURE {
            assert!(!all.contains(library), "{package} is pure and uses {library}");
        }
    }
}

#[test]
fn shards_know_nothing_of_the_host() {
    for workspace in ["plugins", "tests/fixtures"] {
        for (package, used) in dependencies(workspace) {
            for other in used.iter().filter(|other| is_ours(other)) {
                assert!(SHARDS_MAY_USE.contains(&other.as_str()), "{package} uses {other}, which it may not know");
            }
        }
    }
}
