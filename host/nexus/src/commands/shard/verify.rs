//! `nexus shard verify`: would this host believe this file?

use std::path::{Path, PathBuf};

use nexus_install::{InstallError, Installer};
use nexus_mcp::text::clean_line;
use nexus_package::{Package, PublicKey, Verified, VerifyError};
use serde_json::{Value, json};

use super::{release, say_needs, size};
use crate::commands::Context;
use crate::compose::now;
use crate::failure;
use crate::terminal::{Mark, Terminal};

/// Options of `nexus shard verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  nexus shard verify weather.wasm
  nexus shard verify weather.wasm --json

Exit status: 0 when this host trusts it, 1 when it does not; the reason has a stable code.")]
pub(crate) struct Verify {
    /// A `.wasm` file with its `.intoto.json` beside it
    file: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(super) fn run(self, context: &Context, terminal: &mut Terminal) -> anyhow::Result<()> {
        let installer = Installer::new(&context.home()?, now)?;
        let error = match verify(&installer, &self.file) {
            Ok(package) if self.json => return terminal.json(&trusted(&package)),
            Ok(package) => return say(&package, terminal),
            Err(error) => error,
        };
        let signer = unknown_signer(&error);
        if self.json {
            terminal.json(&json!({
                "verified": false,
                "code": failure::code(&error),
                "reason": clean_line(&failure::sentence(&error)),
                "signer": signer,
            }))?;
        } else if let Some(key) = signer {
            terminal
                .note(format_args!("It is truly signed with this key, which does not say whose it is:\n  {key}"))?;
        }
        Err(error)
    }
}

/// Everything that a host checks before it compiles.
fn verify(installer: &Installer, file: &Path) -> anyhow::Result<Verified<Package>> {
    let package = installer.verify_file(file)?;
    release::check(package.wasm(), package.manifest())?;
    Ok(package)
}

/// The key that signed a file whose signer this host does not know.
fn unknown_signer(error: &anyhow::Error) -> Option<&PublicKey> {
    match error.downcast_ref()? {
        InstallError::Refused(VerifyError::UntrustedKey { offer: Some(offer) }) => Some(&offer.key),
        _ => None,
    }
}

fn trusted(package: &Package) -> Value {
    json!({
        "verified": true,
        "name": package.name(),
        "version": package.version(),
        "digest": package.digest(),
        "keys": package.publisher().map(|publisher| publisher.keys().to_vec()).unwrap_or_default(),
        "statement": package.statement_digest(),
    })
}

fn say(package: &Package, terminal: &mut Terminal) -> anyhow::Result<()> {
    let (name, version) = (package.name(), package.version());
    terminal.marked(
        Mark::Good,
        format_args!("the file holds {}, SHA-256 {}", size(package.wasm().len()), package.digest()),
    )?;
    match package.publisher() {
        Some(publisher) => {
            for key in publisher.keys() {
                terminal.marked(Mark::Good, format_args!("signed with key {key}"))?;
            }
            terminal.marked(Mark::Good, format_args!("what was signed is about these bytes: {name} {version}"))?;
            let namespace = publisher.namespace();
            terminal.marked(
                Mark::Good,
                format_args!("this host trusts the signer for {namespace}, and denies nothing of it"),
            )?;
        }
        None => terminal.marked(
            Mark::Caution,
            format_args!(
                "nobody signed it; this host takes it as {name} {version}, because of the folder where it lies"
            ),
        )?,
    }
    terminal.marked(Mark::Good, "it is no older than what this host has had, or is pinned")?;
    terminal.marked(Mark::Good, "it is a shard, and imports nothing that it does not declare")?;
    say_needs(package.manifest(), terminal)
}
