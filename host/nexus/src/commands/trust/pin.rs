//! `nexus trust pin`: one release of a shard and no other.

use nexus_install::TrustFile;
use nexus_package::{Digest, ShardName, Version};

/// Options of `nexus trust pin`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  nexus trust pin acme:weather 1.2.0 9f86d081… --reason 'rolled back: 1.3.0 answers in Fahrenheit'

The release must still be signed by somebody who is trusted. `nexus shard inspect FILE.wasm` shows its digest.")]
pub(crate) struct Pin {
    /// The shard, as acme:weather
    shard: ShardName,
    /// The one version that is accepted
    version: Version,
    /// The SHA-256 digest of the one component that is accepted, as 64 hexadecimal digits
    sha256: Digest,
    /// Why, for whoever reads the policy next
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Pin {
    pub(super) fn run(self, file: &TrustFile) -> anyhow::Result<()> {
        let Self { shard, version, sha256, reason } = self;
        Ok(file.pin(&nexus_package::Pin { shard, version, sha256, reason: Some(reason) })?)
    }
}
