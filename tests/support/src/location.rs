//! Where the things under test are: the binary, the built components, the Python environment.
//!
//! `cargo xtask test` builds them and needs to say nothing: they are found beside the running test. The environment may
//! name another binary or interpreter (`NEXUS_TEST_BIN`, `NEXUS_TEST_PYTHON`), a release build for example.

use std::path::{Path, PathBuf};

/// The checkout's root folder.
///
/// # Panics
/// When the test was built outside a checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("tests/support is two folders below the root")
        .to_owned()
}

/// The `nexus` binary: `NEXUS_TEST_BIN`, or the one that was built beside the running test.
///
/// # Panics
/// When there is none.
pub fn nexus() -> PathBuf {
    let binary = variable("NEXUS_TEST_BIN").map_or_else(|| build_folder().join(executable("nexus")), PathBuf::from);
    assert!(
        binary.is_file(),
        "{} is missing: run `cargo xtask test`, or `cargo build -p nexus` first",
        binary.display()
    );
    binary
}

/// The release build of `nexus`, when there is one.
pub fn release_nexus() -> Option<PathBuf> {
    let binary = build_folder().parent()?.join("release").join(executable("nexus"));
    binary.is_file().then_some(binary)
}

/// A first-party component, by its file's stem.
///
/// # Panics
/// When it has not been built.
pub fn plugin(stem: &str) -> PathBuf {
    component(stem)
}

/// A component of `tests/fixtures`, by its package's name.
///
/// # Panics
/// When it has not been built.
pub fn fixture(package: &str) -> PathBuf {
    component(&package.replace('-', "_"))
}

/// The interpreter of the tests' virtual environment, when it has been made.
pub fn python() -> Option<PathBuf> {
    let interpreter = variable("NEXUS_TEST_PYTHON")
        .map_or_else(|| build_folder().parent().unwrap_or(Path::new(".")).join("test-venv/bin/python"), PathBuf::from);
    interpreter.is_file().then_some(interpreter)
}

/// Whether this runs where nothing may be skipped.
pub fn in_ci() -> bool {
    variable("CI").is_some_and(|value| value == "true")
}

/// The variables that a tool chain needs, as this process has them: for `nexus shard build` and the like.
pub fn toolchain_environment() -> Vec<(String, String)> {
    ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), variable(name)?)))
        .collect()
}

/// `plugins/` and `tests/fixtures/` share one target folder, so that they compile the SDK once.
fn component(stem: &str) -> PathBuf {
    let file = root().join("plugins/target/wasm32-wasip2/release").join(format!("{stem}.wasm"));
    assert!(file.is_file(), "{} is missing: run `cargo xtask test`, which builds it", file.display());
    file
}

/// `target/debug`, when the running test is `target/debug/deps/it-…`.
fn build_folder() -> PathBuf {
    let test = std::env::current_exe().expect("a running test has a path");
    test.ancestors().nth(2).expect("a test lies in a deps folder").to_owned()
}

fn executable(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}

#[expect(
    clippy::disallowed_methods,
    reason = "how a test is told what to run; the product itself takes its environment as an argument"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
