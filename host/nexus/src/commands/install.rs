//! `nexus install`: verify a file, show what it asks for, and keep it when the operator agrees.

use std::path::PathBuf;
use std::process::ExitCode;

use nexus_broker::{Broker, BrokerSettings, OperatorGrant};
use nexus_install::{Capabilities, Consent, Home, InstallError, Installer, NewPublisher};
use nexus_mcp::text::clean_line;
use nexus_package::{Package, UnknownPublisher, Verified, VerifyError};
use nexus_runtime::{Ceiling, LoadError, Runtime, RuntimeSettings, ToolSpec};

use super::Context;
use super::list::first_sentence;
use crate::compose::now;
use crate::config::Config;
use crate::config::environment::switch_name;
use crate::grants;
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
        let config = context.config(&home)?;
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
        let tools = tools(&home, &config, &package).await?;
        let capabilities = Capabilities::of(package.manifest());
        show(&package, tools.as_ref().map(Vec::as_slice), &capabilities, terminal)?;
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

/// Loads the shard once, with nothing granted yet: what no host could load is not installed, and its tools are known. The
/// inner error is a shard's own: it does not start without a setting, which the operator may give later.
async fn tools(
    home: &Home,
    config: &Config,
    package: &Verified<Package>,
) -> anyhow::Result<Result<Vec<ToolSpec>, LoadError>> {
    let runtime = Runtime::new(&RuntimeSettings { cache: Some(home.cache_dir()) })?;
    let broker = Broker::new(BrokerSettings::default())?;
    let (settled, _) = grants::resolve(package.manifest(), config, false)?;
    let nothing_but_settings = OperatorGrant { config: settled.config, ..OperatorGrant::default() };
    let access = broker.shard(package.manifest(), nothing_but_settings)?;
    match runtime.load(package.clone(), access, &Ceiling::default()).await {
        Ok(shard) => {
            let tools = shard.tools().to_vec();
            shard.close().await;
            Ok(Ok(tools))
        }
        Err(error @ LoadError::Start(_)) => Ok(Err(error)),
        Err(error) => Err(error.into()),
    }
}

fn show(
    package: &Package,
    tools: Result<&[ToolSpec], &LoadError>,
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
    terminal.say(format_args!(
        "  licence {}, {} bytes, sha256 {}",
        clean_line(&shard.license),
        package.wasm().len(),
        package.digest()
    ))?;
    match tools {
        Ok(tools) => {
            terminal.heading(format_args!("It offers {}:", count(tools.len(), "tool")))?;
            for tool in tools {
                terminal.say(format_args!("  {}  {}", clean_line(&tool.name), first_sentence(&tool.description)))?;
            }
        }
        Err(error) => {
            terminal.heading("Its tools are not known until it starts, which needs a setting or a grant first:")?;
            terminal.say(format_args!("  {}", clean_line(&error.to_string())))?;
        }
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
