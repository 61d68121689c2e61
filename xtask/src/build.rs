//! Builds that show what they are doing, in one line.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::say;

/// How often the spinner turns.
const TICK: Duration = Duration::from_millis(100);

/// Runs a cargo build with a spinner, a count and the crate in work. On something that is no terminal, one line at the
/// beginning and one at the end. What cargo said is shown when it fails.
///
/// # Errors
/// When cargo cannot be started, or fails.
pub(crate) fn with_progress(what: &str, mut cargo: Command) -> Result<()> {
    let spinner = ProgressBar::new_spinner();
    if spinner.is_hidden() {
        say::note(&format!("building {what} …"));
    }
    spinner.set_style(ProgressStyle::with_template("{spinner} building {prefix}: {pos} crates, {elapsed} {wide_msg}")?);
    spinner.set_prefix(what.to_owned());
    spinner.enable_steady_tick(TICK);

    // Without a terminal on stderr cargo prints one line for each crate, in plain text.
    cargo.env("CARGO_TERM_COLOR", "never").env("CARGO_TERM_PROGRESS_WHEN", "never");
    let mut child =
        cargo.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().context("starting cargo")?;
    let mut said = Vec::new();
    for line in BufReader::new(child.stderr.take().context("cargo's stderr is a pipe")?).lines() {
        let line = line.context("reading what cargo says")?;
        if let Some(name) = crate_in(&line) {
            spinner.inc(1);
            spinner.set_message(name.to_owned());
        } else {
            said.push(line);
        }
    }
    let status = child.wait().context("waiting for cargo")?;
    spinner.finish_and_clear();
    if !status.success() {
        bail!("building {what} failed\n{}", said.join("\n"));
    }
    say::note(&format!("built {what} ({} crates compiled in {} s)", spinner.position(), spinner.elapsed().as_secs()));
    Ok(())
}

/// The crate that a line of cargo's is about, if it is about one.
fn crate_in(line: &str) -> Option<&str> {
    let line = line.trim_start();
    ["Compiling ", "Checking "].iter().find_map(|verb| line.strip_prefix(verb))?.split(' ').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_about_a_crate_names_it() {
        assert_eq!(crate_in("   Compiling wasmtime v48.0.3"), Some("wasmtime"));
        assert_eq!(crate_in("   Compiling nexus v0.1.0 (/somewhere/host/nexus)"), Some("nexus"));
    }

    #[test]
    fn other_lines_name_none() {
        assert_eq!(crate_in("    Finished `release` profile [optimized] target(s) in 0.10s"), None);
        assert_eq!(crate_in("error[E0308]: mismatched types"), None);
        assert_eq!(crate_in(""), None);
    }

    #[test]
    fn a_failing_build_shows_what_was_said() {
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--manifest-path", "no/such/Cargo.toml"]);
        let error = with_progress("nothing", cargo).expect_err("there is nothing to build");
        assert!(error.to_string().contains("no/such/Cargo.toml"), "{error}");
    }
}
