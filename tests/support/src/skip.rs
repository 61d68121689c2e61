//! Tests that cannot run everywhere say so, and fail where nothing may be skipped.

use std::io::{Write, stderr};

use crate::location;

/// Notes that the calling test is skipped and why; the test then returns.
///
/// # Panics
/// When `CI=true`: there everything is installed, and a skipped test would go unnoticed.
pub fn skip(reason: &str) {
    assert!(!location::in_ci(), "skipped, which CI does not allow: {reason}");
    // Not `eprintln`, which the harness captures: a reader of the log should see what was not tested.
    drop(writeln!(stderr(), "skipped: {reason}"));
}
