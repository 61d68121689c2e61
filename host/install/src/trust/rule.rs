//! The rules of a policy one by one, for a list that people read (`Display`) and for scripts (`Serialize`).

use std::fmt;

use nexus_package::{
    DenyTarget, Digest, Namespace, PublicKey, ShardName, ShardPattern, Timestamp, TrustPolicy, Version,
};
use serde::Serialize;

/// One rule of the trust policy.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "rule", rename_all = "kebab-case")]
pub enum TrustRule {
    /// Never this, whoever signed it.
    Deny {
        /// What kind of thing is denied: `sha256`, `shard`, `key` or `namespace`.
        what: &'static str,
        /// Which one.
        target: String,
        /// Why, in the operator's words.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Of this shard, this release and no other.
    Pin {
        /// The shard.
        shard: ShardName,
        /// The version.
        version: Version,
        /// The component.
        sha256: Digest,
        /// Why, in the operator's words.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A key is trusted for a namespace. A publisher with several keys is several rules.
    Publisher {
        /// The namespace.
        namespace: Namespace,
        /// The key.
        key: PublicKey,
        /// How many of the publisher's keys must sign.
        threshold: usize,
        /// The shards it may publish.
        allow: Vec<ShardPattern>,
        /// The first moment at which the key counts.
        #[serde(skip_serializing_if = "Option::is_none")]
        not_before: Option<Timestamp>,
        /// The first moment at which it counts no more.
        #[serde(skip_serializing_if = "Option::is_none")]
        expires: Option<Timestamp>,
        /// Why it was revoked, if it was.
        #[serde(skip_serializing_if = "Option::is_none")]
        revoked: Option<String>,
    },
}

impl fmt::Display for TrustRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let because = |reason: &Option<String>| reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        match self {
            Self::Deny { what, target, reason } => write!(formatter, "deny {what} {target}{}", because(reason)),
            Self::Pin { shard, version, sha256, reason } => {
                write!(formatter, "pin {shard} to {version} ({sha256}){}", because(reason))
            }
            Self::Publisher { key, threshold, allow, not_before, expires, revoked, .. } => {
                let allow = allow.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                write!(formatter, "trust {key} for {allow}")?;
                if *threshold > 1 {
                    write!(formatter, ", {threshold} keys together")?;
                }
                if let Some(begin) = not_before {
                    write!(formatter, ", from {begin}")?;
                }
                if let Some(end) = expires {
                    write!(formatter, ", until {end}")?;
                }
                if revoked.is_some() {
                    write!(formatter, ", revoked{}", because(revoked))?;
                }
                Ok(())
            }
        }
    }
}

/// The rules of `policy`, strongest first.
pub(super) fn rules(policy: &TrustPolicy) -> Vec<TrustRule> {
    let denials = policy.denials().iter().map(|denial| {
        let (what, target) = denied(&denial.target);
        TrustRule::Deny { what, target, reason: denial.reason.clone() }
    });
    let pins = policy.pins().iter().cloned().map(|pin| TrustRule::Pin {
        shard: pin.shard,
        version: pin.version,
        sha256: pin.sha256,
        reason: pin.reason,
    });
    let publishers = policy.publishers().iter().flat_map(|publisher| {
        publisher.keys.iter().cloned().map(|trusted| TrustRule::Publisher {
            namespace: publisher.namespace.clone(),
            key: trusted.key,
            threshold: publisher.threshold,
            allow: publisher.allow.clone(),
            not_before: trusted.not_before,
            expires: trusted.expires,
            revoked: trusted.revoked,
        })
    });
    denials.chain(pins).chain(publishers).collect()
}

/// The field that a denial is written with, and its value.
pub(super) fn denied(target: &DenyTarget) -> (&'static str, String) {
    match target {
        DenyTarget::Sha256(digest) => ("sha256", digest.to_string()),
        DenyTarget::Shard(shard) => ("shard", shard.to_string()),
        DenyTarget::Key(key) => ("key", key.to_string()),
        DenyTarget::Namespace(namespace) => ("namespace", namespace.to_string()),
    }
}
