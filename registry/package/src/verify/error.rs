//! Why a candidate is refused.

use crate::trust::Refusal;
use crate::{
    Digest, EnvelopeError, KeyId, Manifest, ManifestError, Namespace, PublicKey, ShardName, StatementError, Version,
};

/// Why a candidate does not become a package.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The component is larger than the caller allows.
    #[error("the component has {size} bytes; at most {limit} are allowed")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// There is no statement, and the policy wants one here.
    #[error("there is no release statement beside the component")]
    Unsigned,
    /// An unsigned component is allowed here, and there is no `shard.toml` beside it.
    #[error("the component is unsigned and there is no shard.toml beside it")]
    ManifestMissing,
    /// The `shard.toml` beside an unsigned component is wrong.
    #[error("the shard.toml beside the component: {0}")]
    Manifest(#[from] ManifestError),
    /// The envelope breaks a limit or a rule.
    #[error(transparent)]
    EnvelopeInvalid(#[from] EnvelopeError),
    /// The statement breaks a rule.
    #[error(transparent)]
    StatementInvalid(StatementError),
    /// A signature names a key and is not that key's.
    #[error("a signature names the key {key} and was not made with it")]
    BadSignature {
        /// The key as the envelope names it.
        key: String,
    },
    /// No signature is by a key that this host knows.
    #[error("signed by nobody whom this host trusts")]
    UntrustedKey {
        /// The signer, when a person may be asked whether to trust them.
        offer: Option<Box<UnknownPublisher>>,
    },
    /// The statement is about another component.
    #[error("the statement is about {signed}, and the component is {found}")]
    DigestMismatch {
        /// What the statement is about.
        signed: Digest,
        /// What the component is.
        found: Digest,
    },
    /// The release is not the one that was asked for.
    #[error("{asked} was asked for, and the statement is about {found}")]
    NotWhatWasAsked {
        /// What was asked for.
        asked: String,
        /// What was found.
        found: String,
    },
    /// The statement's own names contradict each other.
    #[error("the statement names several releases: {0}")]
    SubjectsDiffer(String),
    /// The signer is known and may not publish this.
    #[error("the signer is not trusted for the namespace {namespace}, or not for this shard in it")]
    KeyNotAllowed {
        /// The shard's namespace.
        namespace: Namespace,
    },
    /// The key's time is over or has not come.
    #[error("the key {key} is {state}")]
    KeyExpired {
        /// The key.
        key: KeyId,
        /// `expired` or `not yet valid`.
        state: &'static str,
    },
    /// The key was revoked.
    #[error("the key {key} was revoked: {reason}")]
    KeyRevoked {
        /// The key.
        key: KeyId,
        /// Why, in the operator's words.
        reason: String,
    },
    /// Fewer distinct trusted keys than the policy wants.
    #[error("{found} of the {needed} keys that the policy wants have signed")]
    ThresholdNotMet {
        /// How many distinct keys are needed.
        needed: usize,
        /// How many have signed.
        found: usize,
    },
    /// The policy denies it.
    #[error("the policy denies the {what}{}", .reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default())]
    Denied {
        /// What is denied.
        what: String,
        /// Why, in the operator's words.
        reason: Option<String>,
    },
    /// The shard is pinned to another release.
    #[error("the policy pins this shard to {version}, component {component}")]
    Pinned {
        /// The version it is pinned to.
        version: Version,
        /// The component it is pinned to.
        component: Digest,
    },
    /// The version is below the highest that this host has accepted.
    #[error("version {found} is older than {highest}, which this host has had; a pin allows going back on purpose")]
    Rollback {
        /// The version found.
        found: Version,
        /// The highest version accepted before.
        highest: Version,
    },
}

/// A signer whom this host does not know, for a person to decide about.
///
/// The key truly signed this very release, which proves that its holder made it, and nothing about who that is.
#[derive(Clone, Debug)]
pub struct UnknownPublisher {
    /// The key to trust, if the person agrees.
    pub key: PublicKey,
    /// What the release says and asks for. Not verified: an operator's consent to the key comes first.
    pub manifest: Manifest,
}

impl UnknownPublisher {
    /// The shard that was signed.
    pub fn shard(&self) -> &ShardName {
        &self.manifest.shard.name
    }
}

impl VerifyError {
    /// Stable across releases; documented in the table of codes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too-large",
            Self::Unsigned => "unsigned",
            Self::ManifestMissing => "manifest-missing",
            Self::Manifest(error) => error.code(),
            Self::EnvelopeInvalid(_) | Self::StatementInvalid(_) => "statement-invalid",
            Self::BadSignature { .. } => "bad-signature",
            Self::UntrustedKey { .. } => "untrusted-key",
            Self::DigestMismatch { .. } => "digest-mismatch",
            Self::NotWhatWasAsked { .. } | Self::SubjectsDiffer(_) => "subject-mismatch",
            Self::KeyNotAllowed { .. } => "key-not-allowed-for-namespace",
            Self::KeyExpired { .. } => "key-expired",
            Self::KeyRevoked { .. } => "key-revoked",
            Self::ThresholdNotMet { .. } => "threshold-not-met",
            Self::Denied { .. } => "denied",
            Self::Pinned { .. } => "pinned",
            Self::Rollback { .. } => "rollback",
        }
    }
}

impl From<Refusal> for VerifyError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Denied { what, reason } => Self::Denied { what, reason },
            Refusal::NotAllowed { namespace } => Self::KeyNotAllowed { namespace },
            Refusal::KeyRevoked { key, reason } => Self::KeyRevoked { key, reason },
            Refusal::KeyExpired { key } => Self::KeyExpired { key, state: "expired" },
            Refusal::KeyNotYetValid { key } => Self::KeyExpired { key, state: "not yet valid" },
            Refusal::Threshold { needed, found } => Self::ThresholdNotMet { needed, found },
            Refusal::Pinned { version, component } => Self::Pinned { version, component },
        }
    }
}
