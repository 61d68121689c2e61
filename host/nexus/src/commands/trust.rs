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
    let (line, reason) = match rule {
        TrustRule::Publisher { namespace, key, threshold, allow, not_before, expires, revoked } => {
            let allow: Vec<_> = allow.iter().map(ToString::to_string).collect();
            let mut line = format!("{namespace} is published by {key} for {}, {threshold} of its keys must sign", allow.join(", "));
            for (word, moment) in [("not before", not_before), ("until", expires)] {
                line.extend(moment.iter().map(|moment| format!(", {word} {moment}")));
            }
            (line, revoked.as_ref().map(|reason| format!("revoked: {reason}")))
        }
        TrustRule::Pin { shard, version, sha256, reason } => {
            (format!("{shard} is held to {version}, sha256 {sha256}"), reason.clone())
        }
        TrustRule::Deny { what, target, reason } => (format!("the {what} {target} is denied"), reason.clone()),
    };
    reason.map_or(line.clone(), |reason| format!("{line} ({reason})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_reads_as_a_sentence() {
        let denied = TrustRule::Deny { what: "shard", target: "acme:weather".to_owned(), reason: Some("it lies".to_owned()) };
        assert_eq!(sentence(&denied), "the shard acme:weather is denied (it lies)");
    }
}
