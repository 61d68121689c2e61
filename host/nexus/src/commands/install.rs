//! `nexus install`: verify a file, show what it asks for, and keep it when the operator agrees.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use nexus_broker::{Broker, OperatorGrant};
use nexus_install::{Capabilities, Consent, InstallError, Installer, NewPublisher};
use nexus_mcp::text::clean_line;
use nexus_package::{Package, UnknownPublisher, Verified, VerifyError};
use nexus_runtime::{Ceiling, Runtime, RuntimeSettings, ToolSpec};

use super::Context;
use super::list::first_sentence;
use crate::compose::now;
use crate::config::environment::switch_name;
use crate::terminal::Terminal;

/// The operator did not agree.
const DECLINED: u8 = 3;

/// Options of `nexus install`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The statement is read from FILE.wasm.intoto.json, beside the file. A running host serves the shard at once.

Examples:
  nexus install weather.wasm
  nexus install weather.wasm --yes           agree without being asked; the publisher must be trusted already

Exit status: 0 installed, 3 not agreed to, 1 refused.")]
pub(crate) struct Install {
    /// The shard
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// Agree without being asked
    #[arg(long)]
    yes: bool,
}

impl Install {
    pub(crate) async fn run(self, context: &Context, terminal: &mut Terminal) -> anyhow::Result<ExitCode> {
        let home = context.home()?;
        // A configuration that does not parse is said now, not when the shard is first called.
        context.config(&home)?;
        let installer = Installer::new(&home, now)?;
        let package = match installer.verify_file(&self.file) {
            Err(InstallError::Refused(VerifyError::UntrustedKey { offer: Some(offer) })) if !self.yes => {
                if !trust(&installer, &offer, terminal)? {
                    return Ok(ExitCode::from(DECLINED));
                }
                installer.verify_file(&self.file)?
            }
            other => other?,
        };
        let tools = tools(&home, &package).await?;
        let capabilities = Capabilities::of(package.manifest());
        show(&package, &tools, &capabilities, terminal)?;
        if !self.yes && !terminal.confirm("Install it, and grant it this?")? {
            terminal.note("nothing was installed")?;
            return Ok(ExitCode::from(DECLINED));
        }
        let installed = installer.store(&package, Consent::to(&capabilities))?;
        terminal.say(format_args!("installed {} {}", package.name(), installed.version))?;
        let switch = switch_name(package.name());
        if context.environment.flag(&switch)? == Some(false) {
            terminal.note(format_args!("it stays off while {switch} is false"))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Offers to trust a publisher who signed this release and is not known yet. Only a person at a terminal can agree.
fn trust(installer: &Installer, offer: &UnknownPublisher, terminal: &mut Terminal) -> anyhow::Result<bool> {
    let namespace = offer.manifest.shard.name.namespace().clone();
    terminal.heading(format_args!("{} is signed by a key that this host does not know:", offer.manifest.shard.name))?;
    terminal.say(format_args!("  {}", offer.key))?;
    terminal.say("  Compare it with what the publisher shows elsewhere: whoever made the file chose it.")?;
    if !terminal.confirm(&format!("Trust this key for every shard named {namespace}:*?"))? {
        terminal.note("nothing was changed")?;
        return Ok(false);
    }
    installer.trust().add(&NewPublisher { namespace, key: offer.key.clone(), threshold: None, allow: Vec::new() })?;
    Ok(true)
}

/// Loads the shard once, with nothing granted: what does not load is not installed, and its tools are known.
async fn tools(home: &nexus_install::Home, package: &Verified<Package>) -> anyhow::Result<Vec<ToolSpec>> {
    let runtime = Runtime::new(&RuntimeSettings { cache: Some(home.cache_dir()) })?;
    let broker = Broker::new(nexus_broker::BrokerSettings::default())?;
    let access = broker.shard(package.manifest(), OperatorGrant::default())?;
    let shard = runtime.load(package.clone(), access, &Ceiling::default()).await?;
    let tools = shard.tools().to_vec();
    Arc::clone(&shard).close().await;
    Ok(tools)
}

fn show(
    package: &Package,
    tools: &[ToolSpec],
    capabilities: &Capabilities,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let shard = &package.manifest().shard;
    terminal.heading(format_args!("{} {}", shard.name, shard.version))?;
    terminal.say(format_args!("  {}", clean_line(&shard.description)))?;
    if let Some(publisher) = package.publisher() {
        let keys: Vec<String> = publisher.keys().iter().map(ToString::to_string).collect();
        terminal.say(format_args!("  published by {}, key {}", publisher.namespace(), keys.join(", ")))?;
    }
    terminal.say(format_args!("  licence {}, {} bytes, sha256 {}", clean_line(&shard.license), package.wasm().len(), package.digest()))?;
    terminal.heading(format_args!("It offers {}:", count(tools.len(), "tool")))?;
    for tool in tools {
        terminal.say(format_args!("  {}  {}", clean_line(&tool.name), first_sentence(&tool.description)))?;
    }
    if capabilities.sentences().is_empty() {
        return terminal.heading("It asks for nothing: it only computes.");
    }
    terminal.heading("It asks for this:")?;
    for sentence in capabilities.sentences() {
        terminal.say(format_args!("  it {}", clean_line(sentence)))?;
    }
    Ok(())
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
