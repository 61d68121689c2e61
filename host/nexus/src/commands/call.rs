//! `nexus call`: one call through the whole path, for people and scripts.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use nexus_mcp::text::clean;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::Context;
use crate::compose::Host;
use crate::terminal::Terminal;

/// The tool answered that it failed.
const TOOL_ERROR: u8 = 4;

/// Options of `nexus call`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  nexus call fedex_track_shipment '{\"tracking_number\":\"771242620004\"}'
  nexus call fedex_get_rates @request.json --json

Exit status: 0 an answer, 4 an answer that tells of a failure, 1 no answer.")]
pub(crate) struct Call {
    /// The tool, as `nexus list` shows it
    tool: String,
    /// Its arguments: one JSON object, or @FILE
    #[arg(value_name = "JSON | @FILE", default_value = "{}")]
    arguments: String,
    /// Print the whole result as JSON, with what the call cost
    #[arg(long)]
    json: bool,
    /// Take shards of this folder too [default: shards in the state folder]
    #[arg(long, value_name = "DIR")]
    shards: Option<PathBuf>,
}

impl Call {
    pub(crate) async fn run(self, context: &Context, terminal: &mut Terminal) -> anyhow::Result<ExitCode> {
        let arguments = read_arguments(&self.arguments)?;
        let home = context.home()?;
        let config = context.config(&home)?;
        let grace = config.file.serve.grace;
        let host = Host::start(config, &home, self.shards.as_deref()).await?;
        let outcome = host.router.call(&self.tool, arguments, CancellationToken::new()).await;
        let served: Vec<String> = host.router.tools().iter().map(|tool| tool.name().to_owned()).collect();
        host.stop(grace).await;
        let Ok(answer) = outcome else {
            let known = if served.is_empty() {
                "no shard serves a tool".to_owned()
            } else {
                format!("there are: {}", served.join(", "))
            };
            bail!("there is no tool {:?}; {known}; `nexus list` says why a shard does not serve", self.tool);
        };
        if self.json {
            terminal.json(&answer.to_json())?;
        } else if let Some(structured) = answer.structured() {
            terminal.json(structured)?;
        } else {
            // The shard wrote it, and a terminal obeys some characters.
            terminal.say(clean(&answer.text()))?;
        }
        Ok(if answer.is_error() { ExitCode::from(TOOL_ERROR) } else { ExitCode::SUCCESS })
    }
}

fn read_arguments(given: &str) -> anyhow::Result<Map<String, Value>> {
    let text = match given.strip_prefix('@') {
        Some(path) => {
            std::fs::read_to_string(path).with_context(|| format!("the arguments file {path} cannot be read"))?
        }
        None => given.to_owned(),
    };
    serde_json::from_str(&text).context("the arguments must be one JSON object, such as '{\"city\":\"Bern\"}'")
}
