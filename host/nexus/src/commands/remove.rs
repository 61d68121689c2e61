//! `nexus remove`: forget an installed shard.

use std::process::ExitCode;

use nexus_install::Installer;
use nexus_package::ShardName;

use super::Context;
use crate::compose::now;
use crate::terminal::Terminal;

/// Options of `nexus remove`.
#[derive(Debug, clap::Args)]
pub(crate) struct Remove {
    /// The shard, as `nexus list` shows it: namespace:name
    name: ShardName,
}

impl Remove {
    pub(crate) fn run(&self, context: &Context, terminal: &mut Terminal) -> anyhow::Result<ExitCode> {
        let home = context.home()?;
        let removed = Installer::new(&home, now)?.remove(&self.name)?;
        terminal.say(format_args!("removed {} {}; a running host stops serving it", self.name, removed.version))?;
        Ok(ExitCode::SUCCESS)
    }
}
