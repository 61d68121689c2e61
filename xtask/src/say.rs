//! What people read: results on stdout, troubles on stderr.
//!
//! A reader that has gone away (`| head`) is no reason to fail, so write errors are dropped.

use std::io::{Write, stderr, stdout};

/// One line of result.
pub(crate) fn line(text: &str) {
    drop(writeln!(stdout(), "{text}"));
}

/// A headline before the output of another program.
pub(crate) fn step(text: &str) {
    drop(stdout().flush());
    drop(writeln!(stderr(), "\n=== {text}"));
}

/// A remark that is no result.
pub(crate) fn note(text: &str) {
    drop(writeln!(stderr(), "{text}"));
}

/// Why the command failed, with its causes.
pub(crate) fn error(error: &anyhow::Error) {
    drop(writeln!(stderr(), "error: {error:#}"));
}
