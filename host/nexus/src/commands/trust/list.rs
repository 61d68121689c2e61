//! `nexus trust list`: the whole policy.

use std::path::PathBuf;
use std::process::ExitCode;

use nexus_install::{TrustFile, TrustRule};
use nexus_package::UnsignedRule;
use serde::Serialize;

use crate::terminal::{Mark, Terminal};

/// Options of `nexus trust list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  nexus trust list
  nexus trust list --json

A denial outranks a pin, and a pin outranks a publisher.")]
pub(crate) struct List {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The policy, as `--json` prints it.
#[derive(Serialize)]
struct Report {
    rules: Vec<TrustRule>,
    /// Folders below which an unsigned component is accepted; mostly none.
    unsigned_below: Vec<PathBuf>,
}

impl List {
    pub(super) fn run(self, file: &TrustFile, terminal: &mut Terminal) -> anyhow::Result<ExitCode> {
        let policy = file.read()?;
        let unsigned_below = match policy.unsigned() {
            UnsignedRule::Deny => Vec::new(),
            UnsignedRule::AllowLocal => policy.dev_dirs().to_vec(),
        };
        let report = Report { rules: file.rules()?, unsigned_below };
        if self.json {
            terminal.json(&report)?;
            return Ok(ExitCode::SUCCESS);
        }
        for rule in &report.rules {
            terminal.say(rule)?;
        }
        for folder in &report.unsigned_below {
            terminal.marked(Mark::Caution, format_args!("without any signature: shards below {}", folder.display()))?;
        }
        terminal.say(if report.rules.is_empty() {
            "This host trusts nobody yet. `nexus trust add KEY --namespace NS` changes that."
        } else {
            "Everything else is refused."
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
