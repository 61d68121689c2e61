//! A public key as the operator names it.

use std::str::FromStr;

use anyhow::Context as _;
use nexus_install::{Home, KeyName, Keyring};
use nexus_package::PublicKey;

use crate::commands::key;

/// `ed25519:…`, or the name of a key of this host.
#[derive(Clone, Debug)]
pub(super) enum KeyArgument {
    Public(PublicKey),
    Own(KeyName),
}

impl FromStr for KeyArgument {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        if text.contains(':') {
            return text
                .parse()
                .map(Self::Public)
                .context("a key is written ed25519:…, as `nexus key export` prints it");
        }
        text.parse().map(Self::Own).context("a key is ed25519:…, or the name of a key that `nexus key list` shows")
    }
}

impl KeyArgument {
    /// The key itself.
    pub(super) fn resolve(self, home: &Home) -> anyhow::Result<PublicKey> {
        match self {
            Self::Public(key) => Ok(key),
            Self::Own(name) => Ok(key::public(&Keyring::open(home)?, &name)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_key_from_a_name() {
        let key = "ed25519:MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
        assert!(matches!(key.parse(), Ok(KeyArgument::Public(_))));
        assert!(matches!("dev".parse(), Ok(KeyArgument::Own(_))));
        for wrong in ["ed25519:MCow", "rsa:AAAA", "Dev", "", "../dev"] {
            assert!(wrong.parse::<KeyArgument>().is_err(), "{wrong}");
        }
    }
}
