//! `nexus`: lets an AI assistant use any tool while trusting none of them.
//!
//! This crate joins the parts and decides nothing itself: it reads what the operator wants (`config`), what a shard may
//! have (`grants`), loads shards and keeps them (`supervisor`), and offers one file per command (`commands`).

mod back_end;
mod commands;
mod compose;
mod config;
mod failure;
mod grants;
mod supervisor;
mod telemetry;
mod terminal;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use commands::Command;
use config::Environment;
use telemetry::LogFormat;
use terminal::Terminal;

/// Lets an AI assistant use any tool while trusting none of them
///
/// Tools are shards: signed WebAssembly components. Each runs in a sandbox that holds it to what you granted.
#[derive(Debug, Parser)]
#[command(name = "nexus", version, after_help = EXAMPLES)]
struct Cli {
    /// State folder: trust, keys, installed shards, compiled code [default: the platform's data folder]
    #[arg(long, global = true, value_name = "DIR", env = "NEXUS_HOME", hide_env_values = true)]
    home: Option<PathBuf>,
    /// Configuration file [default: nexus.toml in the state folder]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What Nexus itself logs: error, warn, info, debug or trace; the variable `NEXUS_LOG` takes finer filters
    #[arg(long, global = true, value_name = "LEVEL", value_parser = ["error", "warn", "info", "debug", "trace"])]
    log: Option<String>,
    /// How log lines look; they go to standard error
    #[arg(long, global = true, value_name = "FORMAT", value_enum, default_value_t)]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  nexus serve --stdio                       serve a client that starts this program, such as Claude Desktop
  nexus serve --http 127.0.0.1:8081         serve clients on this machine at http://127.0.0.1:8081/mcp
  nexus install weather.wasm                verify a shard, show what it asks for, and keep it
  nexus call get_forecast '{\"city\":\"Bern\"}'
  nexus doctor                              what is configured, what is wrong, what to do about it";

/// Exit status of a command that failed. 2 is a wrong command line, 3 an agreement that was not given.
const FAILED: u8 = 1;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let environment = Environment::of_process();
    let mut terminal = Terminal::new();
    match run(cli, environment, &mut terminal) {
        Ok(code) => code,
        Err(error) => {
            terminal.error(&error);
            ExitCode::from(FAILED)
        }
    }
}

fn run(cli: Cli, environment: Environment, terminal: &mut Terminal) -> anyhow::Result<ExitCode> {
    // A command for one moment speaks through its answer; a server has only its log.
    let level = cli.log.as_deref().unwrap_or(if cli.command.serves() { "info" } else { "error" });
    telemetry::start(level, cli.log_format, &environment)?;
    let context = commands::Context { home: cli.home, config: cli.config, environment };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(Box::pin(cli.command.run(&context, terminal)));
    // A thread that waits for standard input would hold the exit up for ever.
    runtime.shutdown_background();
    outcome
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
