//! `nexus trust`: whose signatures this host believes, for which shards. Everything else is refused.
//!
//! Each command changes `trust.toml` and then tells in words what the policy says now, read back from the file.

mod add;
mod deny;
mod key;
mod list;
mod pin;
mod remove;

use std::process::ExitCode;

use clap::Subcommand;
use nexus_install::{TrustFile, TrustRule};

use super::Context;
use crate::terminal::{Mark, Terminal};

/// What to do with the trust policy.
#[derive(Debug, Subcommand)]
pub(crate) enum Trust {
    /// Trust a key: load what it signs in one namespace
    Add(add::Add),
    /// List whom this host trusts, and what it pins and denies
    List(list::List),
    /// Trust a namespace's publisher no more, or one of its keys
    Remove(remove::Remove),
    /// Hold a shard to one release, older than the newest if need be
    Pin(pin::Pin),
    /// Never load something, whoever signed it
    Deny(deny::Deny),
}

impl Trust {
    pub(crate) fn run(self, context: &Context, terminal: &mut Terminal) -> anyhow::Result<ExitCode> {
        let home = context.home()?;
        let file = TrustFile::of(&home);
        if let Self::List(command) = self {
            return command.run(&file, terminal);
        }
        let before = file.rules()?;
        match self {
            Self::Add(command) => command.run(&home, &file)?,
            Self::Remove(command) => command.run(&home, &file)?,
            Self::Pin(command) => command.run(&file)?,
            Self::Deny(command) => command.run(&home, &file)?,
            Self::List(_) => {}
        }
        show_change(&before, &file.rules()?, terminal)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Says which rules went and which came.
fn show_change(before: &[TrustRule], after: &[TrustRule], terminal: &mut Terminal) -> anyhow::Result<()> {
    if before == after {
        return terminal.say("Nothing has changed: the policy says so already.");
    }
    for rule in before.iter().filter(|rule| !after.contains(rule)) {
        terminal.marked(Mark::Caution, format_args!("no more: {rule}"))?;
    }
    for rule in after.iter().filter(|rule| !before.contains(rule)) {
        terminal.marked(Mark::Good, format_args!("now: {rule}"))?;
    }
    Ok(())
}
