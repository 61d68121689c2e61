//! `nexus list`: shards, versions, state, tools, capabilities.

use std::path::PathBuf;
use std::process::ExitCode;

use nexus_install::Capabilities;
use nexus_mcp::text::clean_line;
use nexus_package::{Digest, ShardName, Version};
use serde::Serialize;

use super::Context;
use crate::compose::Host;
use crate::grants::GrantOrigin;
use crate::supervisor::{Problem, Status};
use crate::terminal::{Mark, Terminal};

/// Options of `nexus list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Loads every shard as `nexus serve` would, and says what became of each.")]
pub(crate) struct List {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Look into this folder too [default: shards in the state folder]
    #[arg(long, value_name = "DIR")]
    shards: Option<PathBuf>,
}

/// Everything that this host has, as `--json` prints it.
#[derive(Serialize)]
pub(crate) struct Report {
    shards: Vec<ShardRow>,
    refused: Vec<RefusedRow>,
}

#[derive(Serialize)]
struct ShardRow {
    name: ShardName,
    version: Version,
    digest: Digest,
    /// The namespace that the policy trusts its signer for; none for an unsigned local build.
    publisher: Option<String>,
    path: PathBuf,
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
    tools: Vec<ToolRow>,
    quarantined: Vec<QuarantinedRow>,
    capabilities: Vec<String>,
    grant: Option<GrantOrigin>,
    missing: Vec<String>,
}

#[derive(Clone, Copy, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Serving,
    /// An older release serves because the newest does not.
    Outdated,
    Off,
    Failed,
}

#[derive(Serialize)]
struct ToolRow {
    name: String,
    description: String,
}

#[derive(Serialize)]
struct QuarantinedRow {
    name: String,
    code: &'static str,
    reason: String,
}

#[derive(Serialize)]
struct RefusedRow {
    file: PathBuf,
    #[serde(flatten)]
    problem: Problem,
}

impl List {
    pub(crate) async fn run(self, context: &Context, terminal: &mut Terminal) -> anyhow::Result<ExitCode> {
        let home = context.home()?;
        let config = context.config(&home)?;
        let grace = config.file.serve.grace;
        let host = Host::start(config, &home, self.shards.as_deref()).await?;
        let report = Report::of(&host);
        host.stop(grace).await;
        if self.json {
            terminal.json(&report)?;
        } else {
            report.print(terminal)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Report {
    pub(crate) fn of(host: &Host) -> Self {
        let refused = host.supervisor.refusals().into_iter().map(|(file, problem)| RefusedRow { file, problem });
        Self {
            shards: host.supervisor.shards().into_iter().map(|status| ShardRow::of(host, status)).collect(),
            refused: refused.collect(),
        }
    }

    fn print(&self, terminal: &mut Terminal) -> anyhow::Result<()> {
        if self.shards.is_empty() && self.refused.is_empty() {
            return terminal.say(
                "There are no shards yet. `nexus install FILE.wasm` adds one; `nexus shard new NAME` writes one.",
            );
        }
        for shard in &self.shards {
            shard.print(terminal)?;
        }
        for RefusedRow { file, problem } in &self.refused {
            // Whoever may write there chose the name, and a terminal obeys some characters.
            terminal.marked(Mark::Bad, clean_line(&file.display().to_string()))?;
            terminal.say(format_args!("     refused ({}): {}", problem.code, problem.reason))?;
        }
        Ok(())
    }
}

impl ShardRow {
    fn of(host: &Host, status: Status) -> Self {
        let package = status.serving.as_ref().map_or(&status.wanted, |serving| serving.shard.package());
        let id = package.name().to_string();
        let tools = host.router.tools().into_iter().filter(|tool| tool.back_end() == id);
        let quarantined = status.serving.iter().flat_map(|serving| &serving.published.quarantined);
        let state = match (&status.serving, &status.problem, &status.off) {
            (_, _, Some(_)) => State::Off,
            (Some(_), Some(_), None) => State::Outdated,
            (Some(_), None, None) => State::Serving,
            (None, _, None) => State::Failed,
        };
        let missing =
            status.serving.as_ref().map(|serving| serving.shard.access().missing().clone()).unwrap_or_default();
        Self {
            name: package.name().clone(),
            version: package.version().clone(),
            digest: package.digest(),
            publisher: package.publisher().map(|publisher| publisher.namespace().to_string()),
            path: status.path.clone(),
            state,
            problem: status.problem.or(status.off.map(|reason| Problem { code: "off".to_owned(), reason })),
            tools: tools
                .map(|tool| ToolRow { name: tool.name().to_owned(), description: tool.description().to_owned() })
                .collect(),
            quarantined: quarantined
                .map(|tool| QuarantinedRow {
                    name: tool.name.clone(),
                    code: tool.reason.code(),
                    reason: clean_line(&tool.reason.to_string()),
                })
                .collect(),
            capabilities: Capabilities::of(package.manifest()).sentences().to_vec(),
            grant: status.serving.as_ref().map(|serving| serving.grant),
            missing: missing.config.into_iter().chain(missing.credentials).collect(),
        }
    }

    fn print(&self, terminal: &mut Terminal) -> anyhow::Result<()> {
        let (mark, state) = match self.state {
            State::Serving => (Mark::Good, "serving"),
            State::Outdated => (Mark::Caution, "an older release serves"),
            State::Off => (Mark::Caution, "off"),
            State::Failed => (Mark::Bad, "does not serve"),
        };
        let signer =
            self.publisher.as_ref().map_or("unsigned".to_owned(), |publisher| format!("signed by {publisher}"));
        terminal.marked(mark, format_args!("{} {}  {state}, {signer}", self.name, self.version))?;
        if let Some(Problem { code, reason }) = &self.problem {
            terminal.say(format_args!("     {code}: {}", clean_line(reason)))?;
        }
        for tool in &self.tools {
            terminal.say(format_args!("     {}  {}", tool.name, first_sentence(&tool.description)))?;
        }
        for tool in &self.quarantined {
            terminal.say(format_args!("     {}  quarantined ({}): {}", tool.name, tool.code, tool.reason))?;
        }
        for sentence in &self.capabilities {
            terminal.say(format_args!("     it {sentence}"))?;
        }
        if self.grant == Some(GrantOrigin::NotGranted) {
            terminal.say(format_args!(
                "     not granted: `nexus install` records your agreement, or grant = \"declared\" under [shards.\"{}\"]",
                self.name
            ))?;
        }
        for missing in &self.missing {
            terminal.say(format_args!("     missing: {missing}"))?;
        }
        Ok(())
    }
}

/// What a list shows of a description that was written for a model.
pub(super) fn first_sentence(description: &str) -> String {
    let line = clean_line(description);
    line.split_once(". ").map_or(line.clone(), |(first, _)| format!("{first}."))
}
