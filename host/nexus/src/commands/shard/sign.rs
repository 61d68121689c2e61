//! `nexus shard sign`: say, in a way that others can check, that these bytes are this release.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use nexus_install::{KeyName, Keyring};
use nexus_package::{Digest, Envelope, MAX_ENVELOPE_BYTES, Manifest, ReleaseRequest, SecretKey, Statement, sign};

use super::project::Project;
use super::{files, release, say_needs, size};
use crate::commands::Context;
use crate::commands::key::PassphraseOptions;
use crate::compose::now;
use crate::terminal::{Mark, Terminal};

/// Options of `nexus shard sign`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  nexus shard sign --key dev
  nexus shard sign weather.wasm --manifest weather/shard.toml --key release --passphrase-file /run/secrets/release
  nexus shard sign --key alice --key bob                 two signatures, for hosts that want both

The statement goes beside the component, as COMPONENT.intoto.json. Give both files to whoever installs the shard.")]
pub(crate) struct Sign {
    /// The component [default: target/nexus/NAME.wasm beside the manifest]
    component: Option<PathBuf>,
    /// A key of this host to sign with; may be repeated
    #[arg(long = "key", value_name = "NAME", required = true)]
    keys: Vec<KeyName>,
    /// The manifest, which is signed too
    #[arg(long, value_name = "FILE", default_value = "shard.toml")]
    manifest: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    /// The statement of the previous release, which this one then names
    #[arg(long, value_name = "FILE")]
    previous: Option<PathBuf>,
    /// Where the source is
    #[arg(long, value_name = "URL")]
    source: Option<String>,
    /// The commit it was built from
    #[arg(long, value_name = "SHA")]
    commit: Option<String>,
}

impl Sign {
    pub(super) fn run(self, context: &Context, terminal: &mut Terminal) -> anyhow::Result<()> {
        let project = Project::of_manifest(&self.manifest)?;
        let manifest = &project.manifest;
        let component = self.component.unwrap_or_else(|| project.component());
        let wasm = files::read_component(&component)?;
        let interfaces =
            release::check(&wasm, manifest).with_context(|| format!("{} was not signed", component.display()))?;
        let previous = self.previous.map(|file| previous(&file, manifest)).transpose()?;

        let keyring = Keyring::open(&context.home()?)?;
        let names = BTreeSet::from_iter(self.keys);
        let passphrase = self.passphrase.source();
        let load = |name: &KeyName| keyring.load(name, || passphrase.read(&name.to_string()));
        let keys: Vec<SecretKey> = names.iter().map(load).collect::<Result<_, _>>()?;
        let request = ReleaseRequest {
            manifest,
            wasm: &wasm,
            world: release::world(&interfaces),
            created: now(),
            previous,
            source: self.source,
            commit: self.commit,
        };
        let statement = sign(request, &keys.iter().collect::<Vec<_>>())?;
        let file = files::statement_path(&component);
        files::write(&file, &statement)?;

        let names = names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
        terminal.marked(
            Mark::Good,
            format_args!(
                "{} {} is signed with {names}: {}",
                manifest.shard.name,
                manifest.shard.version,
                file.display()
            ),
        )?;
        terminal.say(format_args!("     component {}, {}", Digest::of(&wasm), size(wasm.len())))?;
        say_needs(manifest, terminal)?;
        terminal.note(format_args!("\nNext: `nexus install {}`", component.display()))
    }
}

/// The digest by which a release names the one before it.
fn previous(file: &Path, manifest: &Manifest) -> anyhow::Result<Digest> {
    let bytes = files::read(file, MAX_ENVELOPE_BYTES)?.with_context(|| format!("{} does not exist", file.display()))?;
    let unusable = || format!("{} is no previous release", file.display());
    let envelope = Envelope::parse(&bytes).with_context(unusable)?;
    let statement = Statement::from_payload(envelope.payload()).with_context(unusable)?;
    let (now, before) = (&manifest.shard, &statement.manifest.shard);
    if before.name != now.name || before.version >= now.version {
        bail!(
            "{} is about {}, and the release before {} {} is an older version of it",
            file.display(),
            statement.release(),
            now.name,
            now.version
        );
    }
    Ok(Digest::of(envelope.payload()))
}
