//! `nexus key`: the keys of this host, which sign shards. The private halves never leave their folder.

mod export;
mod list;
mod new;
mod passphrase;
mod show;

use std::process::ExitCode;

use clap::Subcommand;
use nexus_install::{KeyName, KeySummary, Keyring, KeyringError};
use nexus_package::PublicKey;

pub(super) use passphrase::PassphraseOptions;

use super::Context;
use crate::terminal::Terminal;

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a key that signs shards
    New(new::New),
    /// List the keys of this host
    List(list::List),
    /// Show one key: its public half, its identifier, whether it takes a passphrase
    Show(show::Show),
    /// Print a key's public half, for others to trust
    Export(export::Export),
}

impl Key {
    pub(crate) fn run(self, context: &Context, terminal: &mut Terminal) -> anyhow::Result<ExitCode> {
        let keyring = Keyring::open(&context.home()?)?;
        match self {
            Self::New(command) => command.run(&keyring, terminal)?,
            Self::List(command) => command.run(&keyring, terminal)?,
            Self::Show(command) => command.run(&keyring, terminal)?,
            Self::Export(command) => command.run(&keyring, terminal)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The summary of one key.
fn find(keyring: &Keyring, name: &KeyName) -> Result<KeySummary, KeyringError> {
    let keys = keyring.list()?;
    keys.into_iter().find(|key| key.name == *name).ok_or_else(|| KeyringError::Missing(name.clone()))
}

/// The public half of a key. Asks for the passphrase only when the file of the public half is gone.
pub(super) fn public(keyring: &Keyring, name: &KeyName) -> Result<PublicKey, KeyringError> {
    keyring.public(name, || PassphraseOptions::default().source().read(&name.to_string()))
}
