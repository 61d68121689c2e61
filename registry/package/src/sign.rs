//! Signing a release: manifest and component in, envelope out.

use crate::statement::Envelope;
use crate::{Digest, Manifest, SecretKey, Statement, StatementError, Timestamp, World};

/// What a publisher releases.
#[derive(Clone, Debug)]
pub struct ReleaseRequest<'a> {
    /// The manifest, which names the shard and the version.
    pub manifest: &'a Manifest,
    /// The component's bytes.
    pub wasm: &'a [u8],
    /// What the component imports and exports.
    pub world: World,
    /// Now.
    pub created: Timestamp,
    /// The digest of the previous release's statement; none for the first.
    pub previous: Option<Digest>,
    /// Where the source is.
    pub source: Option<String>,
    /// The commit it was built from.
    pub commit: Option<String>,
}

/// Why a release is not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// No key, or more than 16.
    #[error("a release is signed with 1 to 16 keys, not {0}")]
    Keys(usize),
    /// A host would refuse the statement.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// A host would refuse the envelope.
    #[error(transparent)]
    Envelope(#[from] crate::EnvelopeError),
}

impl SignError {
    /// Stable across releases; documented in the table of codes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Keys(_) => "keys-invalid",
            Self::Statement(_) | Self::Envelope(_) => "statement-invalid",
        }
    }
}

/// Makes the release statement and signs it with every key. The result is the file `NAME.wasm.intoto.json`.
///
/// # Errors
/// [`SignError`] when a host would refuse the result: it is read back by the host's own rules before it is handed out.
pub fn sign(request: ReleaseRequest<'_>, keys: &[&SecretKey]) -> Result<Vec<u8>, SignError> {
    if keys.is_empty() || keys.len() > crate::MAX_SIGNATURES {
        return Err(SignError::Keys(keys.len()));
    }
    let ReleaseRequest { manifest, wasm, world, created, previous, source, commit } = request;
    let statement = Statement {
        manifest: manifest.clone(),
        component: Digest::of(wasm),
        size: wasm.len() as u64,
        world,
        created,
        previous,
        source,
        commit,
    };
    let sealed = Envelope::seal(&statement.to_payload()?, keys);
    Statement::from_payload(Envelope::parse(&sealed)?.payload())?;
    Ok(sealed)
}
