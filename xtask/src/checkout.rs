//! Where things are in the checkout, and where they are built.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// The target of every shard.
pub(crate) const WASM: &str = "wasm32-wasip2";

/// The folders of one checkout.
#[derive(Clone, Debug)]
pub(crate) struct Checkout {
    root: PathBuf,
    target: PathBuf,
}

impl Checkout {
    /// The checkout that this program was built from. Its target folder is the one that this program lies in, whatever
    /// `CARGO_TARGET_DIR` said.
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the root folder")?;
        let program = std::env::current_exe().context("finding this program")?;
        let target = program.ancestors().nth(2).context("this program lies in a target folder")?;
        Ok(Self { root: root.to_owned(), target: target.to_owned() })
    }

    /// A file or folder of the checkout.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Where cargo builds.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// The release build of the host.
    pub(crate) fn nexus(&self) -> PathBuf {
        self.released("nexus")
    }

    /// The release build of any of our programs.
    pub(crate) fn released(&self, program: &str) -> PathBuf {
        self.target.join("release").join(format!("{program}{}", std::env::consts::EXE_SUFFIX))
    }

    /// Where the shards' components are built.
    pub(crate) fn components(&self) -> PathBuf {
        self.path("plugins/target").join(WASM).join("release")
    }

    /// `cargo ARGUMENTS…` for the host's workspace.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = Command::new("cargo");
        cargo.args(arguments).current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        cargo
    }

    /// `cargo ARGUMENTS…` for a workspace of shards. They share one target folder, so that the SDK is compiled once.
    pub(crate) fn shard_cargo(&self, workspace: &str, arguments: &[&str]) -> Command {
        let mut cargo = Command::new("cargo");
        cargo.args(arguments).current_dir(self.path(workspace)).env("CARGO_TARGET_DIR", self.path("plugins/target"));
        cargo
    }
}
