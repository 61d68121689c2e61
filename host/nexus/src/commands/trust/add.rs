//! `nexus trust add`: load what a key signs.

use nexus_install::{Home, NewPublisher, TrustFile};
use nexus_package::{Namespace, ShardPattern};

use super::key::KeyArgument;

/// Options of `nexus trust add`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  nexus trust add dev --namespace local                  a key of this host, for local:*
  nexus trust add ed25519:MCow… --namespace acme         somebody else's, for acme:*
  nexus trust add ed25519:MCow… --namespace acme --allow acme:weather --allow acme:tides
  nexus trust add ed25519:MCow… --namespace acme --threshold 2    two of acme's keys must sign")]
pub(crate) struct Add {
    /// The key: ed25519:…, or the name of a key of this host
    #[arg(value_parser = str::parse::<KeyArgument>)]
    key: KeyArgument,
    /// The namespace that it may publish in
    #[arg(long, value_name = "NS")]
    namespace: Namespace,
    /// A shard that it may publish, or NS:* for all; may be repeated [default: as it is, at first all]
    #[arg(long, value_name = "PATTERN")]
    allow: Vec<ShardPattern>,
    /// How many of the namespace's keys must have signed a release [default: as it is, at first 1]
    #[arg(long, value_name = "N")]
    threshold: Option<usize>,
}

impl Add {
    pub(super) fn run(self, home: &Home, file: &TrustFile) -> anyhow::Result<()> {
        let Self { key, namespace, allow, threshold } = self;
        Ok(file.add(&NewPublisher { namespace, key: key.resolve(home)?, threshold, allow })?)
    }
}
