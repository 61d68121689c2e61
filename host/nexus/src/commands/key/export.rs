//! `nexus key export`: the public half of a key, and nothing else. No command prints a private key: a backup is a copy of
//! its file, which stays encrypted.

use nexus_install::{KeyName, Keyring};

use super::public;
use crate::terminal::Terminal;

/// Options of `nexus key export`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  nexus key export release                               prints ed25519:…
  nexus trust add ed25519:… --namespace acme             what somebody else does with it")]
pub(crate) struct Export {
    /// The key, as `nexus key list` shows it
    name: KeyName,
}

impl Export {
    pub(super) fn run(self, keyring: &Keyring, terminal: &mut Terminal) -> anyhow::Result<()> {
        terminal.say(public(keyring, &self.name)?)
    }
}
