//! What verification hands out.

use std::ops::Deref;

use bytes::Bytes;

use crate::{Digest, KeyId, Manifest, Namespace, ShardName, Statement, Version};

/// Proof that [`verify`](crate::verify) accepted what is inside. Nothing else makes one.
#[derive(Clone, Debug)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    pub(super) fn new(value: T) -> Self {
        Self(value)
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// One release of one shard: its component and the manifest that binds it.
#[derive(Clone, Debug)]
pub struct Package {
    manifest: Manifest,
    digest: Digest,
    wasm: Bytes,
    provenance: Provenance,
}

/// Where a package's authority comes from.
#[derive(Clone, Debug)]
pub enum Provenance {
    /// A statement signed by a publisher whom the policy trusts.
    Signed {
        /// Who signed.
        publisher: Publisher,
        /// What was signed.
        statement: Box<Statement>,
        /// The envelope as it came, to be stored beside the component.
        envelope: Bytes,
    },
    /// The operator's own folder: no signature, and the manifest lay beside the file. A host says so at every start.
    UnsignedLocal,
}

/// Who signed a release, as the policy knows them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Publisher {
    namespace: Namespace,
    keys: Vec<KeyId>,
    statement: Digest,
}

impl Publisher {
    pub(super) fn new(namespace: Namespace, keys: Vec<KeyId>, statement: Digest) -> Self {
        Self { namespace, keys, statement }
    }

    /// The namespace the policy trusts them for.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// The keys that signed and counted, at least one.
    pub fn keys(&self) -> &[KeyId] {
        &self.keys
    }
}

impl Package {
    pub(super) fn new(manifest: Manifest, digest: Digest, wasm: Bytes, provenance: Provenance) -> Self {
        Self { manifest, digest, wasm, provenance }
    }

    /// The shard's name.
    pub fn name(&self) -> &ShardName {
        &self.manifest.shard.name
    }

    /// The release's version.
    pub fn version(&self) -> &Version {
        &self.manifest.shard.version
    }

    /// The component's digest.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The manifest to enforce: the signed one, or for an unsigned local component the one beside it.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The component: the very bytes that were hashed.
    pub fn wasm(&self) -> &Bytes {
        &self.wasm
    }

    /// Where its authority comes from.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Who signed it; none for an unsigned local component.
    pub fn publisher(&self) -> Option<&Publisher> {
        match &self.provenance {
            Provenance::Signed { publisher, .. } => Some(publisher),
            Provenance::UnsignedLocal => None,
        }
    }

    /// The digest of the signed statement, which the next release names as its previous one; none when unsigned.
    ///
    /// Of the payload, not of the envelope: an envelope can be written in many ways and gain signatures.
    pub fn statement_digest(&self) -> Option<Digest> {
        self.publisher().map(|publisher| publisher.statement)
    }
}
