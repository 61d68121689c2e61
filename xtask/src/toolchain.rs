//! The one thing that a machine with Rust may lack: the standard library for shards.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::checkout::WASM;
use crate::say;

/// Makes sure that shards can be compiled.
///
/// # Errors
/// When the standard library for them is missing and rustup cannot fetch it.
pub(crate) fn ensure_wasm_target() -> Result<()> {
    if has_wasm_target()? {
        return Ok(());
    }
    say::note(&format!("installing the Rust target {WASM}"));
    let added = Command::new("rustup").args(["target", "add", WASM]).status().with_context(|| {
        format!("the Rust target {WASM} is missing and rustup is not there to install it; see https://rustup.rs")
    })?;
    if !added.success() {
        bail!("`rustup target add {WASM}` failed; its reason is above");
    }
    Ok(())
}

fn has_wasm_target() -> Result<bool> {
    let asked = Command::new("rustc").args(["--print", "target-libdir", "--target", WASM]).output();
    let output = asked.context("starting rustc; install Rust with rustup, see https://rustup.rs")?;
    let folder = String::from_utf8_lossy(&output.stdout);
    Ok(output.status.success() && Path::new(folder.trim()).is_dir())
}
