//! `nexus key new`: make a key.

use nexus_install::{KeyName, Keyring, KeyringError, Protection};

use super::{PassphraseOptions, find};
use crate::terminal::{Mark, Terminal};

/// Options of `nexus key new`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  nexus key new release                                  asks for a passphrase, twice
  nexus key new release --passphrase-file /run/secrets/release
  nexus key new release --passphrase-fd 3 3< <(pass show release)
  nexus key new dev --unencrypted                        for a developer's own machine")]
pub(crate) struct New {
    /// What to call it: 1 to 40 of a-z, 0-9 and -
    name: KeyName,
    /// Keep it without a passphrase: whoever can read its file has the key
    #[arg(long, conflicts_with_all = ["passphrase_file", "passphrase_fd"])]
    unencrypted: bool,
    #[command(flatten)]
    passphrase: PassphraseOptions,
}

impl New {
    pub(super) fn run(self, keyring: &Keyring, terminal: &mut Terminal) -> anyhow::Result<()> {
        let Self { name, unencrypted, passphrase } = self;
        // Before anybody thinks up a passphrase.
        if find(keyring, &name).is_ok() {
            return Err(KeyringError::Exists(name).into());
        }
        let protection = if unencrypted {
            Protection::Unencrypted
        } else {
            Protection::Passphrase(passphrase.source().read_new(&name.to_string())?)
        };
        let public = keyring.create(&name, &protection)?;
        terminal.marked(Mark::Good, format_args!("made the key {name}; its public half, to give to others:"))?;
        terminal.say(format_args!("     {public}"))?;
        terminal.note(format_args!(
            "\nNext: `nexus trust add {name} --namespace local` lets this host load what it signs,\n      \
             `nexus shard sign --key {name}` signs."
        ))
    }
}
