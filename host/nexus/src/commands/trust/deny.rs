//! `nexus trust deny`: never this, whoever signed it.

use nexus_install::{Home, TrustFile};
use nexus_package::{Denial, DenyTarget, Digest, Namespace, ShardName};

use super::key::KeyArgument;

/// Options of `nexus trust deny`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  nexus trust deny --shard acme:weather --reason 'sends our addresses to a third party'
  nexus trust deny --sha256 9f86d081… --reason 'incident 2026-11'
  nexus trust deny --key ed25519:MCow… --reason 'stolen'")]
pub(crate) struct Deny {
    #[command(flatten)]
    target: Target,
    /// Why, for whoever reads the policy next
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Exactly one of these.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Target {
    /// One component, by its SHA-256 digest
    #[arg(long, value_name = "DIGEST")]
    sha256: Option<Digest>,
    /// A shard, in every version
    #[arg(long, value_name = "NAME")]
    shard: Option<ShardName>,
    /// Everything that a key signed: ed25519:…, or the name of a key of this host
    #[arg(long, value_parser = str::parse::<KeyArgument>)]
    key: Option<KeyArgument>,
    /// Everything in a namespace
    #[arg(long, value_name = "NS")]
    namespace: Option<Namespace>,
}

impl Deny {
    pub(super) fn run(self, home: &Home, file: &TrustFile) -> anyhow::Result<()> {
        let Target { sha256, shard, key, namespace } = self.target;
        let key = key.map(|key| key.resolve(home)).transpose()?;
        let targets = [
            sha256.map(DenyTarget::Sha256),
            shard.map(DenyTarget::Shard),
            key.map(DenyTarget::Key),
            namespace.map(DenyTarget::Namespace),
        ];
        for target in targets.into_iter().flatten() {
            file.deny(&Denial { target, reason: Some(self.reason.clone()) })?;
        }
        Ok(())
    }
}
