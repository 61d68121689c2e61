//! Logs, always on standard error: standard output belongs to the stdio transport.

use std::io::IsTerminal as _;

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

use crate::config::Environment;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging. `RUST_LOG`-like filters come from `NEXUS_LOG`; without one, `level` counts for Nexus and its
/// shards, and libraries report warnings only (the protocol library logs every notification).
pub(crate) fn start(level: &str, format: LogFormat, environment: &Environment) -> anyhow::Result<()> {
    let default = format!(
        "warn,nexus={level},nexus_broker={level},nexus_hub={level},nexus_install={level},nexus_mcp={level},nexus_runtime={level},shard={level}"
    );
    let filter = EnvFilter::try_new(environment.get("NEXUS_LOG").unwrap_or(&default))?;
    let colour = std::io::stderr().is_terminal() && environment.get("NO_COLOR").is_none();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour);
    let started = match format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("logging does not start: {error}"))
}
