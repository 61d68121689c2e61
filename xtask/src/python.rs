//! The virtual environment with the official Python client, for the tests that call the host from another house.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::checkout::Checkout;
use crate::say;

/// Which packages, in which versions.
const REQUIREMENTS: &str = "tests/support/clients/requirements.txt";

/// Makes the environment, or brings it up to date. A machine without Python gets a note: the tests that need it say so too.
///
/// # Errors
/// When the requirements cannot be read or the environment cannot be written.
pub(crate) fn prepare(checkout: &Checkout) -> Result<()> {
    let requirements =
        fs::read_to_string(checkout.path(REQUIREMENTS)).with_context(|| format!("reading {REQUIREMENTS}"))?;
    let environment = checkout.target().join("test-venv");
    let stamp = environment.join("installed-requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == requirements) {
        return Ok(());
    }
    say::step("installing the Python client for the tests");
    let made = run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment));
    let interpreter = environment.join("bin/python");
    let installed = made
        && run(Command::new(&interpreter)
            .args(["-m", "pip", "install", "--quiet", "--requirement"])
            .arg(checkout.path(REQUIREMENTS)));
    if installed {
        fs::write(&stamp, requirements).with_context(|| format!("writing {}", stamp.display()))?;
    } else {
        // A half-made environment would let the tests start and fail for a reason that is not theirs.
        drop(fs::remove_dir_all(&environment));
        say::note("no Python 3 with venv and pip here: the tests that need it will be skipped");
    }
    Ok(())
}

fn run(command: &mut Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}
