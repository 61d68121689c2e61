//! `nexus trust remove`: take a rule back.

use anyhow::bail;
use nexus_install::{Home, Removal, TrustFile};
use nexus_package::{DenyTarget, Namespace, PublicKey, ShardName};

use super::key::KeyArgument;

/// Options of `nexus trust remove`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  nexus trust remove acme                                nobody publishes acme:* any more
  nexus trust remove acme --key ed25519:MCow…            this key no more; the others go on
  nexus trust remove --pin acme:weather                  the newest release again
  nexus trust remove --denial acme:weather               what `nexus trust deny` said of it")]
pub(crate) struct Remove {
    #[command(flatten)]
    rule: Rule,
    /// Only this key of the namespace: ed25519:…, or the name of a key of this host
    #[arg(long, value_parser = str::parse::<KeyArgument>, conflicts_with_all = ["pin", "denial"])]
    key: Option<KeyArgument>,
}

/// Exactly one of these.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Rule {
    /// The namespace whose publisher is trusted no more
    namespace: Option<Namespace>,
    /// The shard that is held to one release no more
    #[arg(long, value_name = "SHARD")]
    pin: Option<ShardName>,
    /// What is denied no more: a digest, shard, key or namespace, as `nexus trust list` shows it
    #[arg(long, value_name = "SUBJECT", value_parser = denied)]
    denial: Option<DenyTarget>,
}

impl Remove {
    pub(super) fn run(self, home: &Home, file: &TrustFile) -> anyhow::Result<()> {
        let Rule { namespace, pin, denial } = self.rule;
        let publisher = namespace.map(|namespace| match self.key {
            None => Ok(Removal::Publisher(namespace)),
            Some(key) => one_key(key.resolve(home)?, &namespace, home, file),
        });
        let removals = [publisher.transpose()?, pin.map(Removal::Pin), denial.map(Removal::Denial)];
        for removal in removals.iter().flatten() {
            file.remove(removal)?;
        }
        Ok(())
    }
}

/// The file's own removal of a key takes it out everywhere, which must not happen unasked.
fn one_key(key: PublicKey, namespace: &Namespace, home: &Home, file: &TrustFile) -> anyhow::Result<Removal> {
    let policy = file.read()?;
    let publishers = policy.publishers().iter().filter(|publisher| publisher.keys.iter().any(|known| known.key == key));
    let (here, elsewhere): (Vec<_>, Vec<_>) =
        publishers.map(|publisher| &publisher.namespace).partition(|known| *known == namespace);
    if here.is_empty() {
        bail!("{namespace} is not published by this key; `nexus trust list` shows whose it is");
    }
    if let Some(other) = elsewhere.first() {
        bail!("this key is trusted for {other} too; take it out of {} by hand", home.trust_file().display());
    }
    Ok(Removal::Key(key))
}

/// No text is of two of these kinds: only a key begins with `ed25519:`, and a digest is too long for a name.
fn denied(text: &str) -> anyhow::Result<DenyTarget> {
    if let Ok(digest) = text.parse() {
        return Ok(DenyTarget::Sha256(digest));
    }
    if let Ok(key) = text.parse() {
        return Ok(DenyTarget::Key(key));
    }
    if let Ok(shard) = text.parse() {
        return Ok(DenyTarget::Shard(shard));
    }
    match text.parse() {
        Ok(namespace) => Ok(DenyTarget::Namespace(namespace)),
        Err(_) => bail!("a denial is of a digest, a shard, a key or a namespace; `nexus trust list` shows them"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_apart_what_can_be_denied() {
        let key = "ed25519:MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
        assert!(matches!(denied(&"0".repeat(64)), Ok(DenyTarget::Sha256(_))));
        assert!(matches!(denied(key), Ok(DenyTarget::Key(_))));
        assert!(matches!(denied("acme:weather"), Ok(DenyTarget::Shard(_))));
        assert!(matches!(denied("acme"), Ok(DenyTarget::Namespace(_))));
        assert!(denied("Acme Inc.").is_err());
    }
}
