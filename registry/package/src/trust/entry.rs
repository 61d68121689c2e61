//! The entries of `trust.toml`, and what they must be beyond their form.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{TrustFault, TrustPolicy, UnknownPublisherRule, UnsignedRule};
use crate::name::is_label;
use crate::place::KeyPath;
use crate::{Digest, InvalidShardName, Namespace, PublicKey, ShardName, Timestamp, Version};

/// `[[publisher]]`: whose releases of which shards are accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustedPublisher {
    /// The namespace it publishes in.
    pub namespace: Namespace,
    /// Its keys, at least one.
    pub keys: Vec<TrustedKey>,
    /// How many of the keys must have signed a release.
    pub threshold: usize,
    /// The shards it may publish, all in its namespace.
    pub allow: Vec<ShardPattern>,
}

/// A publisher's key: `"ed25519:…"`, or a table with `key` and any of `not_before`, `expires` and `revoked`.
///
/// Validity is judged by the host's clock at the time of verification, not by the statement's date: who has stolen an old
/// key can write any date.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustedKey {
    /// The key.
    pub key: PublicKey,
    /// The first moment at which the key counts.
    pub not_before: Option<Timestamp>,
    /// The first moment at which the key counts no more.
    pub expires: Option<Timestamp>,
    /// Why the key was revoked. A key revoked in one entry is revoked in all.
    pub revoked: Option<String>,
}

/// Shards of one namespace: `acme:*`, or one of them, `acme:weather`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ShardPattern {
    namespace: Namespace,
    name: Option<Box<str>>,
}

/// `[[pin]]`: of this shard, this release and no other, however old it is. Signatures are still needed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The shard.
    pub shard: ShardName,
    /// The one version that is accepted.
    pub version: Version,
    /// The one component that is accepted.
    pub sha256: Digest,
    /// Why, for whoever reads the file next.
    pub reason: Option<String>,
}

/// `[[deny]]`: never this, whoever signed it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Denial {
    /// What is denied.
    pub target: DenyTarget,
    /// Why, for whoever reads the file next.
    pub reason: Option<String>,
}

/// What a denial is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum DenyTarget {
    /// One component.
    Sha256(Digest),
    /// A shard, in every version.
    Shard(ShardName),
    /// Everything that a key has signed, also beside others.
    Key(PublicKey),
    /// A namespace.
    Namespace(Namespace),
}

impl ShardPattern {
    /// Whether `shard` is one of these.
    pub fn matches(&self, shard: &ShardName) -> bool {
        self.namespace == *shard.namespace() && self.name.as_deref().is_none_or(|name| name == shard.name())
    }
}

impl FromStr for ShardPattern {
    type Err = InvalidShardName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (namespace, name) = text.split_once(':').ok_or(InvalidShardName::Colon)?;
        let name = match name {
            "*" => None,
            name if is_label(name) => Some(name.into()),
            _ => return Err(InvalidShardName::Label),
        };
        Ok(Self { namespace: namespace.parse()?, name })
    }
}

impl fmt::Display for ShardPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.namespace, self.name.as_deref().unwrap_or("*"))
    }
}

crate::text::serde_as_text!(ShardPattern);

impl<'de> Deserialize<'de> for TrustedKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            key: PublicKey,
            not_before: Option<Timestamp>,
            expires: Option<Timestamp>,
            revoked: Option<String>,
        }

        struct StringOrTable;

        impl<'de> Visitor<'de> for StringOrTable {
            type Value = TrustedKey;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("\"ed25519:…\" or { key = \"ed25519:…\", not_before, expires, revoked }")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<TrustedKey, E> {
                let key = text.parse().map_err(E::custom)?;
                Ok(TrustedKey { key, not_before: None, expires: None, revoked: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TrustedKey, A::Error> {
                let Table { key, not_before, expires, revoked } = Table::deserialize(MapAccessDeserializer::new(map))?;
                Ok(TrustedKey { key, not_before, expires, revoked })
            }
        }

        deserializer.deserialize_any(StringOrTable)
    }
}

/// `trust.toml` whose values have their form and are not yet checked against each other.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Draft {
    version: i64,
    #[serde(default)]
    default: DefaultDraft,
    #[serde(default)]
    publisher: Vec<PublisherDraft>,
    #[serde(default)]
    pin: Vec<Pin>,
    #[serde(default)]
    deny: Vec<DenyDraft>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct DefaultDraft {
    #[serde(default)]
    unsigned: UnsignedRule,
    #[serde(default)]
    unknown_publisher: UnknownPublisherRule,
    #[serde(default)]
    dev_dirs: Vec<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PublisherDraft {
    namespace: Namespace,
    keys: Vec<TrustedKey>,
    threshold: Option<usize>,
    allow: Option<Vec<ShardPattern>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DenyDraft {
    sha256: Option<Digest>,
    shard: Option<ShardName>,
    key: Option<PublicKey>,
    namespace: Option<Namespace>,
    reason: Option<String>,
}

impl Draft {
    pub(super) fn check(self) -> Result<TrustPolicy, (KeyPath, TrustFault)> {
        let root = KeyPath::default();
        if self.version != 1 {
            return Err((root.key("version"), TrustFault::Version(self.version)));
        }
        let DefaultDraft { unsigned, unknown_publisher, dev_dirs } = self.default;
        if let Some(index) = dev_dirs.iter().position(|folder| folder.as_os_str().is_empty()) {
            return Err((root.key("default").key("dev_dirs").index(index), TrustFault::EmptyFolder));
        }
        let publishers = self.publisher.into_iter().enumerate();
        let publishers = publishers
            .map(|(index, draft)| draft.check(&root.key("publisher").index(index)))
            .collect::<Result<_, _>>()?;
        let mut pinned = BTreeSet::new();
        for (index, pin) in self.pin.iter().enumerate() {
            if !pinned.insert(&pin.shard) {
                return Err((root.key("pin").index(index).key("shard"), TrustFault::DuplicatePin(pin.shard.clone())));
            }
        }
        let denials = self.deny.into_iter().enumerate();
        let denials =
            denials.map(|(index, draft)| draft.check(&root.key("deny").index(index))).collect::<Result<_, _>>()?;
        Ok(TrustPolicy { unsigned, unknown_publisher, dev_dirs, publishers, pins: self.pin, denials })
    }
}

impl PublisherDraft {
    fn check(self, at: &KeyPath) -> Result<TrustedPublisher, (KeyPath, TrustFault)> {
        let Self { namespace, keys, threshold, allow } = self;
        if keys.is_empty() {
            return Err((at.key("keys"), TrustFault::NoKeys));
        }
        let mut seen = BTreeSet::new();
        for (index, trusted) in keys.iter().enumerate() {
            let here = at.key("keys").index(index);
            if !seen.insert(trusted.key.id()) {
                return Err((here, TrustFault::DuplicateKey));
            }
            if matches!((trusted.not_before, trusted.expires), (Some(begin), Some(end)) if begin >= end) {
                return Err((here, TrustFault::Validity));
            }
        }
        let threshold = threshold.unwrap_or(1);
        if threshold == 0 || threshold > keys.len() {
            return Err((at.key("threshold"), TrustFault::Threshold(keys.len())));
        }
        let allow = allow.unwrap_or_else(|| vec![ShardPattern { namespace: namespace.clone(), name: None }]);
        if allow.is_empty() {
            return Err((at.key("allow"), TrustFault::NothingAllowed));
        }
        if let Some(index) = allow.iter().position(|pattern| pattern.namespace != namespace) {
            return Err((at.key("allow").index(index), TrustFault::ForeignPattern));
        }
        Ok(TrustedPublisher { namespace, keys, threshold, allow })
    }
}

impl DenyDraft {
    fn check(self, at: &KeyPath) -> Result<Denial, (KeyPath, TrustFault)> {
        let target = match (self.sha256, self.shard, self.key, self.namespace) {
            (Some(digest), None, None, None) => DenyTarget::Sha256(digest),
            (None, Some(shard), None, None) => DenyTarget::Shard(shard),
            (None, None, Some(key), None) => DenyTarget::Key(key),
            (None, None, None, Some(namespace)) => DenyTarget::Namespace(namespace),
            _ => return Err((at.clone(), TrustFault::DenyTarget)),
        };
        Ok(Denial { target, reason: self.reason })
    }
}
