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
use nexus_install::{TrustFile, TrustRule, TrustRuleKind};

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
    let gone = before.iter().filter(|rule| !after.contains(rule));
    let new = after.iter().filter(|rule| !before.contains(rule));
    let lines: Vec<_> = gone.map(|rule| (Mark::Caution, "no more", rule)).chain(new.map(|rule| (Mark::Good, "now", rule))).collect();
    if lines.is_empty() {
        return terminal.say("Nothing has changed: the policy says so already.");
    }
    for (mark, when, rule) in lines {
        terminal.marked(mark, format_args!("{when}: {}", sentence(rule)))?;
    }
    Ok(())
}

/// A rule as one line for people.
fn sentence(rule: &TrustRule) -> String {
    let TrustRule { kind, subject, detail, reason } = rule;
    let line = match kind {
        TrustRuleKind::Publisher => format!("{subject} is published by {detail}"),
        TrustRuleKind::Pin => format!("{subject} is held to {detail}"),
        TrustRuleKind::Deny => format!("the {detail} {subject} is denied"),
    };
    reason.as_ref().map_or(line.clone(), |reason| format!("{line} ({reason})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_reads_as_a_sentence() {
        let rule = |kind, subject: &str, detail: &str, reason: Option<&str>| {
            sentence(&TrustRule { kind, subject: subject.to_owned(), detail: detail.to_owned(), reason: reason.map(str::to_owned) })
        };
        assert_eq!(
            rule(TrustRuleKind::Deny, "acme:weather", "shard", Some("it lies")),
            "the shard acme:weather is denied (it lies)"
        );
        assert_eq!(
            rule(TrustRuleKind::Publisher, "acme", "ed25519:A for acme:*, 1 of 1 keys", None),
            "acme is published by ed25519:A for acme:*, 1 of 1 keys"
        );
    }
}
