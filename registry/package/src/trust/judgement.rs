//! What a policy says about one release whose signatures and digest are known to hold.

use super::{DenyTarget, TrustPolicy, TrustedKey, TrustedPublisher};
use crate::{Digest, KeyId, Namespace, PublicKey, ShardName, Timestamp, Version};

/// A release as it stands before the policy.
pub(crate) struct Judgement<'a> {
    pub(crate) shard: &'a ShardName,
    pub(crate) version: &'a Version,
    pub(crate) component: Digest,
    /// The keys that have truly signed it.
    pub(crate) signers: &'a [PublicKey],
    pub(crate) now: Timestamp,
}

/// Why the policy says no.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    Denied { what: String, reason: Option<String> },
    NotAllowed { namespace: Namespace },
    KeyRevoked { key: KeyId, reason: String },
    KeyExpired { key: KeyId },
    KeyNotYetValid { key: KeyId },
    Threshold { needed: usize, found: usize },
    Pinned { version: Version, component: Digest },
}

impl Judgement<'_> {
    /// Whether something in the policy denies this release. Outranks everything else.
    pub(crate) fn denial(&self, policy: &TrustPolicy) -> Result<(), Refusal> {
        let hit = policy.denials.iter().find(|denial| match &denial.target {
            DenyTarget::Sha256(digest) => *digest == self.component,
            DenyTarget::Shard(shard) => shard == self.shard,
            DenyTarget::Key(key) => self.signers.contains(key),
            DenyTarget::Namespace(namespace) => namespace == self.shard.namespace(),
        });
        let Some(denial) = hit else { return Ok(()) };
        let what = match &denial.target {
            DenyTarget::Sha256(digest) => format!("component {digest}"),
            DenyTarget::Shard(shard) => format!("shard {shard}"),
            DenyTarget::Key(key) => format!("key {}", key.id()),
            DenyTarget::Namespace(namespace) => format!("namespace {namespace}"),
        };
        Err(Refusal::Denied { what, reason: denial.reason.clone() })
    }

    /// The keys by which some publisher's rule is met: enough distinct keys of one entry that are valid now.
    pub(crate) fn publisher(&self, policy: &TrustPolicy) -> Result<Vec<KeyId>, Refusal> {
        let mut refusal = Refusal::NotAllowed { namespace: self.shard.namespace().clone() };
        for publisher in &policy.publishers {
            if !publisher.allow.iter().any(|pattern| pattern.matches(self.shard)) {
                continue;
            }
            match self.meets(publisher, policy) {
                Ok(keys) => return Ok(keys),
                // Said only of a publisher that signed: it tells the operator which entry to look at.
                Err(Some(closer)) => refusal = closer,
                Err(None) => {}
            }
        }
        Err(refusal)
    }

    /// The valid keys of `publisher` that signed; else what keeps them from sufficing, or nothing when none of them signed.
    fn meets(&self, publisher: &TrustedPublisher, policy: &TrustPolicy) -> Result<Vec<KeyId>, Option<Refusal>> {
        let signing = publisher.keys.iter().filter(|trusted| self.signers.contains(&trusted.key));
        let (valid, invalid): (Vec<_>, Vec<_>) =
            signing.map(|trusted| self.validity(trusted, policy).map(|()| trusted.key.id())).partition(Result::is_ok);
        let valid: Vec<KeyId> = valid.into_iter().flatten().collect();
        if valid.len() >= publisher.threshold {
            return Ok(valid);
        }
        let invalid: Vec<Refusal> = invalid.into_iter().filter_map(Result::err).collect();
        let is_revocation = |refusal: &&Refusal| matches!(refusal, Refusal::KeyRevoked { .. });
        let invalid = invalid.iter().find(is_revocation).or(invalid.first()).cloned();
        let missing = || Refusal::Threshold { needed: publisher.threshold, found: valid.len() };
        Err(invalid.or_else(|| (!valid.is_empty()).then(missing)))
    }

    fn validity(&self, trusted: &TrustedKey, policy: &TrustPolicy) -> Result<(), Refusal> {
        let key = trusted.key.id();
        let everywhere = policy.publishers.iter().flat_map(|publisher| &publisher.keys);
        let revoked = everywhere.filter(|other| other.key == trusted.key).find_map(|other| other.revoked.clone());
        if let Some(reason) = revoked {
            Err(Refusal::KeyRevoked { key, reason })
        } else if trusted.expires.is_some_and(|expires| self.now >= expires) {
            Err(Refusal::KeyExpired { key })
        } else if trusted.not_before.is_some_and(|begin| self.now < begin) {
            Err(Refusal::KeyNotYetValid { key })
        } else {
            Ok(())
        }
    }

    /// Whether the shard is pinned, and to this release. A pin lifts the check against rollback for the release it names.
    pub(crate) fn is_pinned(&self, policy: &TrustPolicy) -> Result<bool, Refusal> {
        match policy.pins.iter().find(|pin| pin.shard == *self.shard) {
            None => Ok(false),
            Some(pin) if pin.version == *self.version && pin.sha256 == self.component => Ok(true),
            Some(pin) => Err(Refusal::Pinned { version: pin.version.clone(), component: pin.sha256 }),
        }
    }
}
