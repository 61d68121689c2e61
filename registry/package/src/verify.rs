//! Verification: the one way from bytes to a [`Package`].
//!
//! Everything in a candidate is an attacker's until it is proven otherwise, so the order is the cheapest and safest first,
//! and nothing parses the wasm: size → digest → envelope → signature → subject digest → name and version asked for →
//! publisher for the namespace → denial, revocation, pin → rollback. The bytes that were hashed are the bytes that are
//! handed out, in one buffer that nobody can change, so a file swapped afterwards changes nothing.
//!
//! Signatures: one that names a key this policy knows must be that key's, or the release is refused (`bad-signature`), even
//! beside valid ones. No honest tool writes such a signature, and whoever can add one could as well break the file. One
//! that names no known key is ignored: it proves nothing here and takes nothing away. A threshold counts distinct keys.

mod error;
mod package;

#[cfg(test)]
mod tests;

use bytes::Bytes;

pub use error::{UnknownPublisher, VerifyError};
pub use package::{Package, Provenance, Publisher, Verified};

use crate::statement::Envelope;
use crate::trust::Judgement;
use crate::{
    Digest, Manifest, PublicKey, ShardName, Statement, StatementError, Timestamp, TrustPolicy, UnknownPublisherRule,
    UnsignedRule, Version,
};

/// Largest component that is looked at unless the caller says otherwise: 32 MiB.
///
/// The largest real shards are about 18 MB (an interpreter inside); whoever reads the file applies the same limit while
/// reading.
pub const MAX_COMPONENT_BYTES: usize = 32 * 1024 * 1024;

/// What was found, before anything about it is believed.
#[derive(Clone, Debug, Default)]
pub struct Candidate {
    /// The component's bytes.
    pub wasm: Bytes,
    /// The envelope that came with it, if one did.
    pub statement: Option<Bytes>,
    /// The text of the `shard.toml` beside it. Used only for an unsigned component; never beside a statement.
    pub local_manifest: Option<String>,
    /// Whether the file lies below one of the policy's `dev_dirs`, by the caller's own resolution of both paths.
    pub below_dev_dir: bool,
}

/// What the caller asks for, and what only the caller knows.
#[derive(Clone, Copy)]
pub struct Expectation<'a> {
    /// Now.
    pub now: Timestamp,
    /// The shard that was asked for by name, if one was.
    pub name: Option<&'a ShardName>,
    /// The version that was asked for, if one was.
    pub version: Option<&'a Version>,
    /// The highest version of a shard that this host has accepted before.
    pub highest_seen: &'a dyn Fn(&ShardName) -> Option<Version>,
    /// Largest component, in bytes.
    pub max_component_bytes: usize,
}

impl<'a> Expectation<'a> {
    /// Any shard in any version that is not below `highest_seen`, of at most [`MAX_COMPONENT_BYTES`].
    pub fn anything(now: Timestamp, highest_seen: &'a dyn Fn(&ShardName) -> Option<Version>) -> Self {
        Self { now, name: None, version: None, highest_seen, max_component_bytes: MAX_COMPONENT_BYTES }
    }

    fn check(&self, manifest: &Manifest) -> Result<(), VerifyError> {
        let (name, version) = (&manifest.shard.name, &manifest.shard.version);
        if self.name.is_some_and(|asked| asked != name) || self.version.is_some_and(|asked| asked != version) {
            let asked = [self.name.map(ToString::to_string), self.version.map(ToString::to_string)];
            let asked = asked.into_iter().flatten().collect::<Vec<_>>().join("@");
            return Err(VerifyError::NotWhatWasAsked { asked, found: format!("{name}@{version}") });
        }
        Ok(())
    }
}

/// Decides whether `candidate` may become a package on this host.
///
/// # Errors
/// [`VerifyError`] with a code for each reason; the first that applies in the order given above.
pub fn verify(
    candidate: Candidate,
    policy: &TrustPolicy,
    expected: &Expectation<'_>,
) -> Result<Verified<Package>, VerifyError> {
    let Candidate { wasm, statement, local_manifest, below_dev_dir } = candidate;
    if wasm.len() > expected.max_component_bytes {
        return Err(VerifyError::TooLarge { size: wasm.len(), limit: expected.max_component_bytes });
    }
    let component = Digest::of(&wasm);
    let (manifest, provenance) = match statement {
        Some(envelope) => signed(envelope, wasm.len(), component, policy, expected)?,
        None if policy.unsigned() == UnsignedRule::AllowLocal && below_dev_dir => {
            let manifest = Manifest::from_toml(&local_manifest.ok_or(VerifyError::ManifestMissing)?)?;
            expected.check(&manifest)?;
            judgement(&manifest, component, &[], expected).denial(policy)?;
            (manifest, Provenance::UnsignedLocal)
        }
        None => return Err(VerifyError::Unsigned),
    };
    let shard = &manifest.shard;
    if !judgement(&manifest, component, &[], expected).is_pinned(policy)?
        && let Some(highest) = (expected.highest_seen)(&shard.name)
        && shard.version < highest
    {
        return Err(VerifyError::Rollback { found: shard.version.clone(), highest });
    }
    Ok(Verified::new(Package::new(manifest, component, wasm, provenance)))
}

/// Everything about a signed candidate that needs its signatures: from the envelope to the publisher.
fn signed(
    envelope: Bytes,
    size: usize,
    component: Digest,
    policy: &TrustPolicy,
    expected: &Expectation<'_>,
) -> Result<(Manifest, Provenance), VerifyError> {
    let parsed = Envelope::parse(&envelope)?;
    let signers = known_signers(&parsed, policy)?;
    if signers.is_empty() {
        return Err(stranger(&parsed, size, component, policy, expected));
    }
    let statement = subject(&parsed, size, component, expected)?;
    let manifest = statement.manifest.clone();
    let judgement = judgement(&manifest, component, &signers, expected);
    // A denial outranks every other rule, so it is also the reason that is told.
    judgement.denial(policy)?;
    let keys = judgement.publisher(policy)?;
    let publisher = Publisher::new(manifest.shard.name.namespace().clone(), keys, Digest::of(parsed.payload()));
    Ok((manifest, Provenance::Signed { publisher, statement: Box::new(statement), envelope }))
}

fn judgement<'a>(
    manifest: &'a Manifest,
    component: Digest,
    signers: &'a [PublicKey],
    expected: &Expectation<'_>,
) -> Judgement<'a> {
    let (shard, version) = (&manifest.shard.name, &manifest.shard.version);
    Judgement { shard, version, component, signers, now: expected.now }
}

/// The distinct keys known to the policy that have signed the envelope.
fn known_signers(envelope: &Envelope, policy: &TrustPolicy) -> Result<Vec<PublicKey>, VerifyError> {
    let message = envelope.signed_bytes();
    let mut signers = Vec::new();
    for signature in envelope.signatures() {
        let Some(id) = signature.key_id else { continue };
        let Some(key) = policy.key(id) else { continue };
        if !signature.is_by(key, &message) {
            return Err(VerifyError::BadSignature { key: id.to_string() });
        }
        if !signers.contains(key) {
            signers.push(key.clone());
        }
    }
    Ok(signers)
}

/// Reads the statement and holds it against the bytes and against what was asked.
fn subject(
    envelope: &Envelope,
    size: usize,
    component: Digest,
    expected: &Expectation<'_>,
) -> Result<Statement, VerifyError> {
    let statement = Statement::from_payload(envelope.payload()).map_err(|error| match error {
        StatementError::Names(names) => VerifyError::SubjectsDiffer(names),
        other => VerifyError::StatementInvalid(other),
    })?;
    if statement.component != component {
        return Err(VerifyError::DigestMismatch { signed: statement.component, found: component });
    }
    if usize::try_from(statement.size) != Ok(size) {
        return Err(VerifyError::StatementInvalid(StatementError::Size { signed: statement.size }));
    }
    expected.check(&statement.manifest)?;
    Ok(statement)
}

/// What to say of a release that nobody known has signed.
///
/// A key identifier alone is no offer: it must be looked up somewhere, and where is again a question of trust. So
/// envelopes carry the signer's whole key, and it is offered to a person when it truly signed this very release, the
/// release is what was asked for, nothing denies it, and no publisher is trusted for its namespace yet. A second key for
/// a known namespace is what an attacker would offer; that one an operator adds by hand.
fn stranger(
    envelope: &Envelope,
    size: usize,
    component: Digest,
    policy: &TrustPolicy,
    expected: &Expectation<'_>,
) -> VerifyError {
    let untrusted = VerifyError::UntrustedKey { offer: None };
    let message = envelope.signed_bytes();
    let mut offered = None;
    for signature in envelope.signatures() {
        let Some(text) = &signature.public_key else { continue };
        let honest = text.parse::<PublicKey>().ok();
        let honest = honest.filter(|key| signature.key_id == Some(key.id()) && signature.is_by(key, &message));
        let Some(key) = honest else {
            let key = signature.key_id.map_or_else(|| "without a name".to_owned(), |id| id.to_string());
            return VerifyError::BadSignature { key };
        };
        offered = offered.or(Some(key));
    }
    let Some(key) = offered else { return untrusted };
    let Ok(statement) = subject(envelope, size, component, expected) else {
        return untrusted;
    };
    let signers = std::slice::from_ref(&key);
    if let Err(refusal) = judgement(&statement.manifest, component, signers, expected).denial(policy) {
        return refusal.into();
    }
    let namespace = statement.manifest.shard.name.namespace();
    let namespace_is_taken = policy.publishers().iter().any(|known| known.namespace == *namespace);
    if policy.unknown_publisher() == UnknownPublisherRule::Deny || namespace_is_taken {
        return untrusted;
    }
    VerifyError::UntrustedKey { offer: Some(Box::new(UnknownPublisher { key, manifest: statement.manifest })) }
}
