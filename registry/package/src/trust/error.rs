//! What can be wrong with a trust policy.

use crate::place::KeyPath;
use crate::{Place, ShardName};

/// A policy that cannot be used: where, and why. A host with such a policy verifies nothing.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {fault}")]
pub struct TrustError {
    place: Place,
    fault: TrustFault,
}

/// What is wrong with a trust policy.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TrustFault {
    /// The file is larger than 1 MiB.
    #[error("a trust policy has at most 1 MiB")]
    TooLarge,
    /// Not TOML, an unknown or missing key, an unknown key type, or a value of the wrong form.
    #[error("{0}")]
    Syntax(String),
    /// Another version of the format.
    #[error("this host reads version 1 of trust.toml, not {0}")]
    Version(i64),
    /// A publisher without keys.
    #[error("a publisher needs at least one key")]
    NoKeys,
    /// A key stands twice in one publisher, and would count twice.
    #[error("this key stands here twice")]
    DuplicateKey,
    /// A threshold of zero, or one that the keys cannot reach.
    #[error("the threshold is at least 1 and at most the number of keys, {0}")]
    Threshold(usize),
    /// A pattern of another namespace than the publisher's.
    #[error("a publisher is allowed shards of its own namespace only; write another [[publisher]]")]
    ForeignPattern,
    /// A publisher that may publish nothing.
    #[error("an empty list allows nothing; leave it out to allow the whole namespace")]
    NothingAllowed,
    /// A key that expires before it begins.
    #[error("the key expires before it becomes valid")]
    Validity,
    /// A shard that is pinned twice.
    #[error("{0} is pinned twice")]
    DuplicatePin(ShardName),
    /// A denial of nothing, or of several things.
    #[error("a denial names exactly one of sha256, shard, key and namespace")]
    DenyTarget,
    /// A folder without a name, which would be every folder.
    #[error("a folder has a name")]
    EmptyFolder,
}

impl TrustError {
    pub(super) fn too_large() -> Self {
        Self { place: Place::of_key(&KeyPath::default()), fault: TrustFault::TooLarge }
    }

    pub(super) fn syntax(text: &str, error: &toml::de::Error) -> Self {
        let offset = error.span().map_or(0, |span| span.start);
        Self { place: Place::of_offset(text, offset), fault: TrustFault::Syntax(error.message().replace('\n', " ")) }
    }

    pub(super) fn located(text: &str, path: &KeyPath, fault: TrustFault) -> Self {
        Self { place: Place::of_path(text, path), fault }
    }

    /// Where it is wrong.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What is wrong.
    pub fn fault(&self) -> &TrustFault {
        &self.fault
    }

    /// Stable across releases; documented in the table of codes.
    pub fn code(&self) -> &'static str {
        "trust-policy-invalid"
    }
}
