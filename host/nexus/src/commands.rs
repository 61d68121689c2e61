//! One file for each command. They share the way to the home folder and the configuration.

mod call;
mod doctor;
mod install;
mod key;
mod list;
mod remove;
mod serve;
mod shard;
mod trust;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use nexus_install::Home;

use crate::config::{Config, Environment};
use crate::terminal::Terminal;

/// What the global options and the environment say.
pub(crate) struct Context {
    pub(crate) home: Option<PathBuf>,
    pub(crate) config: Option<PathBuf>,
    pub(crate) environment: Environment,
}

impl Context {
    /// Opens the state folder, making it when it is not there.
    pub(crate) fn home(&self) -> anyhow::Result<Home> {
        let lookup = |key: &str| self.environment.get(key).map(Into::into);
        let path = self.home.clone().or_else(|| Home::platform_default(lookup));
        let path = path.context("no state folder is known on this machine; name one with --home DIR or NEXUS_HOME")?;
        Ok(Home::open(&path)?)
    }

    /// Reads the configuration.
    pub(crate) fn config(&self, home: &Home) -> anyhow::Result<Config> {
        Config::read(self.config.as_deref(), home, self.environment.clone())
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve MCP: over standard input and output, or over HTTP on this machine
    Serve(serve::Serve),
    /// Call one tool through the whole path, and print its answer
    Call(call::Call),
    /// List shards: version, state, tools, capabilities
    List(list::List),
    /// Verify a shard, show what it asks for, and keep it
    Install(install::Install),
    /// Remove an installed shard
    Remove(remove::Remove),
    /// Write, build, test, sign and look into shards
    #[command(subcommand)]
    Shard(Box<shard::Shard>),
    /// Keys that sign shards
    #[command(subcommand)]
    Key(key::Key),
    /// Publishers that this host trusts
    #[command(subcommand)]
    Trust(Box<trust::Trust>),
    /// Say what is configured, what is wrong, and what to do about it
    Doctor(doctor::Doctor),
}

impl Command {
    /// Whether it runs until it is told to stop.
    pub(crate) fn serves(&self) -> bool {
        matches!(self, Self::Serve(_))
    }

    pub(crate) async fn run(self, context: &Context, terminal: &mut Terminal) -> anyhow::Result<ExitCode> {
        match self {
            Self::Serve(command) => command.run(context, terminal).await,
            Self::Call(command) => command.run(context, terminal).await,
            Self::List(command) => command.run(context, terminal).await,
            Self::Install(command) => command.run(context, terminal).await,
            Self::Remove(command) => command.run(context, terminal),
            Self::Shard(command) => command.run(context, terminal).await,
            Self::Key(command) => command.run(context, terminal),
            Self::Trust(command) => command.run(context, terminal),
            Self::Doctor(command) => command.run(context, terminal).await,
        }
    }
}
