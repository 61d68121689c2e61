//! `cargo xtask test`: builds what the tests run, then runs every one of them.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::checkout::{Checkout, WASM};
use crate::{build, python, say, toolchain};

/// Options of `cargo xtask test`.
#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    /// Run only the tests whose name holds this
    filter: Option<String>,
}

/// What one or several runs of `cargo test` came to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Tally {
    passed: usize,
    failed: usize,
    ignored: usize,
}

impl Test {
    /// Builds and runs.
    ///
    /// # Errors
    /// When something cannot be built, or a test fails.
    pub(crate) fn run(self) -> Result<()> {
        let checkout = Checkout::find()?;
        toolchain::ensure_wasm_target()?;
        let wasm = ["build", "--release", "--target", WASM];
        build::with_progress("the shards", checkout.shard_cargo("plugins", &wasm))?;
        build::with_progress("the shards for tests", checkout.shard_cargo("tests/fixtures", &wasm))?;
        // All targets, because `cargo test` unifies features over them: what is compiled here is not compiled again there.
        build::with_progress("the host and its tests", checkout.cargo(&["build", "--workspace", "--all-targets"]))?;
        python::prepare(&checkout)?;

        let filter = self.filter.as_slice().iter().map(String::as_str);
        let arguments = |scope: &[&'static str]| {
            ["test", "--no-fail-fast"].iter().chain(scope).copied().chain(filter.clone()).collect::<Vec<_>>()
        };
        say::step("the host's tests");
        let host = run(checkout.cargo(&arguments(&["--workspace"])))?;
        say::step("the shards' tests");
        let shards = run(checkout.shard_cargo("plugins", &arguments(&["--workspace"])))?;

        let tally = Tally::default().and(host.0).and(shards.0);
        say::line(&format!("\n{} tests passed, {} failed, {} ignored", tally.passed, tally.failed, tally.ignored));
        if tally.failed > 0 || !host.1 || !shards.1 {
            bail!("not every test passed; the failures are above");
        }
        Ok(())
    }
}

/// Runs `cargo test`, passing its output through. Answers what it counted, and whether cargo was content.
fn run(mut cargo: Command) -> Result<(Tally, bool)> {
    let mut child = cargo.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("starting cargo")?;
    let mut tally = Tally::default();
    for line in BufReader::new(child.stdout.take().context("cargo's stdout is a pipe")?).lines() {
        let line = line.context("reading what the tests say")?;
        say::line(&line);
        tally = tally.and(Tally::in_line(&line).unwrap_or_default());
    }
    Ok((tally, child.wait().context("waiting for cargo")?.success()))
}

impl Tally {
    fn and(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            ignored: self.ignored + other.ignored,
        }
    }

    /// Reads `test result: ok. 12 passed; 0 failed; 1 ignored; …`.
    fn in_line(line: &str) -> Option<Self> {
        let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let count = |what: &str| counts.split("; ").find_map(|part| part.strip_suffix(what)?.trim().parse().ok());
        Some(Self { passed: count("passed")?, failed: count("failed")?, ignored: count("ignored")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_the_harness_reports() {
        let line = "test result: FAILED. 12 passed; 2 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.05s";
        assert_eq!(Tally::in_line(line), Some(Tally { passed: 12, failed: 2, ignored: 1 }));
    }

    #[test]
    fn other_lines_count_nothing() {
        assert_eq!(Tally::in_line("test result_is_kept ... ok"), None);
        assert_eq!(Tally::in_line("running 3 tests"), None);
    }
}
