//! `nexus key show`: one key.

use nexus_install::{KeyName, Keyring};

use super::list::Row;
use super::{find, public};
use crate::terminal::Terminal;

/// Options of `nexus key show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  nexus key show release
  nexus key show release --json")]
pub(crate) struct Show {
    /// The key, as `nexus key list` shows it
    name: KeyName,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) fn run(self, keyring: &Keyring, terminal: &mut Terminal) -> anyhow::Result<()> {
        let mut summary = find(keyring, &self.name)?;
        let public = public(keyring, &self.name)?;
        summary.public = Some(public.clone());
        let row = Row::from(summary);
        if self.json {
            return terminal.json(&row);
        }
        terminal.heading(&row.name)?;
        terminal.say(format_args!("  public key  {public}"))?;
        terminal.say(format_args!("  identifier  {}", public.id()))?;
        terminal.say(format_args!("  kept        {}", row.protection()))
    }
}
