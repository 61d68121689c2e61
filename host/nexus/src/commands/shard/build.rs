//! `nexus shard build`: from a project to a component that a host would load.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;

use super::project::Project;
use super::{files, release, say_needs, size, toolchain};
use crate::terminal::{Mark, Terminal};

/// Options of `nexus shard build`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  nexus shard build
  nexus shard build ../weather --debug

The component goes to target/nexus/NAME.wasm in the project, wherever cargo builds it.")]
pub(crate) struct Build {
    /// The project's folder
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Compile faster, to a larger and slower component
    #[arg(long)]
    debug: bool,
}

impl Build {
    pub(super) fn run(self, terminal: &mut Terminal) -> anyhow::Result<()> {
        let project = Project::open(&self.folder)?;
        toolchain::ensure(&self.folder)?;
        let built = toolchain::build(&self.folder, self.debug)?;
        let wasm = files::read_component(&built)?;
        release::check(&wasm, &project.manifest).with_context(|| format!("no host would load {}", built.display()))?;
        let component = project.component();
        if let Some(folder) = component.parent() {
            fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        files::write(&component, &wasm)?;
        let shard = &project.manifest.shard;
        terminal.marked(
            Mark::Good,
            format_args!("{}: {} {}, {}", component.display(), shard.name, shard.version, size(wasm.len())),
        )?;
        say_needs(&project.manifest, terminal)?;
        terminal.note("\nNext: `nexus shard test` tries it as a host would, `nexus shard sign --key NAME` signs it.")
    }
}
