//! `nexus shard verify`: would this host believe this file?

use std::path::{Path, PathBuf};

use anyhow::bail;
use nexus_install::{InstallError, Installer};
use nexus_mcp::text::clean_line;
use nexus_package::{Package, PublicKey, Verified, VerifyError};
use nexus_runtime::Interfaces;
use serde::Serialize;
use serde_json::json;

use super::{say_needs, size};
use crate::commands::Context;
use crate::compose::now;
use crate::terminal::{Mark, Terminal};

/// Options of `nexus shard verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  nexus shard verify weather.wasm
  nexus shard verify weather.wasm --json

Exit status: 0 when this host trusts it, 1 when it does not; the reason begins with a stable code.")]
pub(crate) struct Verify {
    /// A `.wasm` file with its `.intoto.json` beside it
    file: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Why this host does not take the file.
#[derive(Debug, Serialize)]
struct Refusal {
    verified: bool,
    code: &'static str,
    reason: String,
    /// Who truly signed it, when this host does not know them and a person may decide to.
    #[serde(skip_serializing_if = "Option::is_none")]
    signer: Option<PublicKey>,
}

impl Verify {
    pub(super) fn run(self, context: &Context, terminal: &mut Terminal) -> anyhow::Result<()> {
        let installer = Installer::new(&context.home()?, now)?;
        match verify(&installer, &self.file) {
            Ok(package) if self.json => terminal.json(&json!({
                "verified": true,
                "name": package.name(),
                "version": package.version(),
                "digest": package.digest(),
                "keys": package.publisher().map(|publisher| publisher.keys().to_vec()).unwrap_or_default(),
                "statement": package.statement_digest(),
            })),
            Ok(package) => say(&package, terminal),
            Err(refusal) => {
                if self.json {
                    terminal.json(&refusal)?;
                }
                let Refusal { code, reason, signer, .. } = refusal;
                let signer = signer.map(|key| format!("\nIts signer's key, which proves nothing about who that is: {key}"));
                bail!("{code}: {reason}{}", signer.unwrap_or_default())
            }
        }
    }
}

/// Everything that a host checks before it compiles.
fn verify(installer: &Installer, file: &Path) -> Result<Verified<Package>, Refusal> {
    let package = installer.verify_file(file).map_err(|error| {
        let signer = match &error {
            InstallError::Refused(VerifyError::UntrustedKey { offer: Some(offer) }) => Some(offer.key.clone()),
            _ => None,
        };
        Refusal { verified: false, code: error.code(), reason: clean_line(&error.to_string()), signer }
    })?;
    let fits = Interfaces::read(package.wasm()).and_then(|interfaces| interfaces.within(package.manifest()));
    match fits {
        Ok(()) => Ok(package),
        Err(error) => {
            Err(Refusal { verified: false, code: error.code(), reason: clean_line(&error.to_string()), signer: None })
        }
    }
}

fn say(package: &Package, terminal: &mut Terminal) -> anyhow::Result<()> {
    let (name, version) = (package.name(), package.version());
    terminal.marked(Mark::Good, format_args!("the file holds {}, SHA-256 {}", size(package.wasm().len()), package.digest()))?;
    match package.publisher() {
        Some(publisher) => {
            for key in publisher.keys() {
                terminal.marked(Mark::Good, format_args!("signed with key {key}"))?;
            }
            terminal.marked(Mark::Good, format_args!("what was signed is about these bytes: {name} {version}"))?;
            let namespace = publisher.namespace();
            terminal.marked(Mark::Good, format_args!("this host trusts the signer for {namespace}, and denies nothing of it"))?;
        }
        None => terminal.marked(
            Mark::Caution,
            format_args!("nobody signed it; this host takes it as {name} {version}, because of the folder where it lies"),
        )?,
    }
    terminal.marked(Mark::Good, "it is no older than what this host has had, or is pinned")?;
    terminal.marked(Mark::Good, "it is a shard, and imports nothing that it does not declare")?;
    say_needs(package.manifest(), terminal)
}
