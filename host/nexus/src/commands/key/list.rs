//! `nexus key list`: the keys of this host.

use nexus_install::{KeyName, KeySummary, Keyring};
use nexus_package::{KeyId, PublicKey};
use serde::Serialize;

use crate::terminal::Terminal;

/// Options of `nexus key list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  nexus key list
  nexus key list --json")]
pub(crate) struct List {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One key, as `--json` prints it.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) name: KeyName,
    pub(super) id: Option<KeyId>,
    pub(super) public: Option<PublicKey>,
    pub(super) encrypted: bool,
}

impl From<KeySummary> for Row {
    fn from(KeySummary { name, encrypted, public }: KeySummary) -> Self {
        Self { name, id: public.as_ref().map(PublicKey::id), public, encrypted }
    }
}

impl Row {
    pub(super) fn protection(&self) -> &'static str {
        if self.encrypted { "encrypted" } else { "unencrypted" }
    }
}

impl List {
    pub(super) fn run(self, keyring: &Keyring, terminal: &mut Terminal) -> anyhow::Result<()> {
        let rows: Vec<Row> = keyring.list()?.into_iter().map(Row::from).collect();
        if self.json {
            return terminal.json(&rows);
        }
        if rows.is_empty() {
            return terminal.say("There are no keys yet. `nexus key new NAME` makes one.");
        }
        for row in rows {
            let public = row.public.as_ref().map_or_else(
                || format!("its public half is missing; `nexus key export {}` shows it", row.name),
                ToString::to_string,
            );
            terminal.say(format_args!("{}  {}  {public}", row.name, row.protection()))?;
        }
        Ok(())
    }
}
