//! The trust policy of one host: `trust.toml`.
//!
//! It denies by default. An unknown field, an unknown key type or another version is an error that names line and key,
//! never "no policy": a host that cannot read its policy verifies nothing. Precedence is deny > revocation > pin >
//! publisher > default.

mod entry;
mod error;
mod judgement;

use std::path::PathBuf;

use serde::Deserialize;

pub use entry::{Denial, DenyTarget, Pin, ShardPattern, TrustedKey, TrustedPublisher};
pub use error::{TrustError, TrustFault};
pub(crate) use judgement::{Judgement, Refusal};

use crate::{KeyId, PublicKey};

/// Largest `trust.toml`, in bytes.
const MAX_POLICY_BYTES: usize = 1024 * 1024;

/// Whom this host trusts, for what.
#[derive(Clone, Debug, Default)]
pub struct TrustPolicy {
    unsigned: UnsignedRule,
    unknown_publisher: UnknownPublisherRule,
    dev_dirs: Vec<PathBuf>,
    publishers: Vec<TrustedPublisher>,
    pins: Vec<Pin>,
    denials: Vec<Denial>,
}

/// What becomes of a component without a statement.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum UnsignedRule {
    /// It is refused.
    #[default]
    Deny,
    /// It is accepted below a folder in `dev_dirs`, with the `shard.toml` beside it, and marked as unsigned.
    AllowLocal,
}

/// What becomes of a release signed by nobody this host knows.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum UnknownPublisherRule {
    /// It is refused; an interactive command may offer to trust the key first. A server treats it as deny.
    #[default]
    Prompt,
    /// It is refused.
    Deny,
}

impl TrustPolicy {
    /// Reads `trust.toml`.
    ///
    /// # Errors
    /// [`TrustError`] with line, column and key: not TOML, an unknown key, or a rule that contradicts itself.
    pub fn from_toml(text: &str) -> Result<Self, TrustError> {
        if text.len() > MAX_POLICY_BYTES {
            return Err(TrustError::too_large());
        }
        let draft: entry::Draft = toml::from_str(text).map_err(|error| TrustError::syntax(text, &error))?;
        draft.check().map_err(|(path, fault)| TrustError::located(text, &path, fault))
    }

    /// What becomes of a component without a statement.
    pub fn unsigned(&self) -> UnsignedRule {
        self.unsigned
    }

    /// What becomes of a release signed by nobody this host knows.
    pub fn unknown_publisher(&self) -> UnknownPublisherRule {
        self.unknown_publisher
    }

    /// The folders below which an unsigned component may be accepted, as written; a relative one is relative to the file.
    pub fn dev_dirs(&self) -> &[PathBuf] {
        &self.dev_dirs
    }

    /// The publishers that are trusted, in the file's order.
    pub fn publishers(&self) -> &[TrustedPublisher] {
        &self.publishers
    }

    /// The pins, in the file's order.
    pub fn pins(&self) -> &[Pin] {
        &self.pins
    }

    /// The denials, in the file's order.
    pub fn denials(&self) -> &[Denial] {
        &self.denials
    }

    /// The key that `id` names, if the policy says anything about it, good or bad.
    pub(crate) fn key(&self, id: KeyId) -> Option<&PublicKey> {
        let trusted = self.publishers.iter().flat_map(|publisher| &publisher.keys).map(|trusted| &trusted.key);
        let denied = self.denials.iter().filter_map(|denial| match &denial.target {
            DenyTarget::Key(key) => Some(key),
            _ => None,
        });
        trusted.chain(denied).find(|key| key.id() == id)
    }
}

#[cfg(test)]
mod tests;
