//! What a shard is: manifest, name, digest, release statement, signing and verification.
//!
//! Pure: nothing here reads a file, a clock, the environment or a source of randomness; the caller passes all of them.
//! Nothing here parses wasm either. Bytes from outside become a [`Package`] in one place only, [`verify`], and a
//! [`Verified`] package is the proof that it happened: the runtime takes nothing else. See `README.md` for the
//! statement's fields, the order of the checks and the table of codes.

mod digest;
mod json;
mod key;
mod manifest;
mod name;
mod place;
mod sign;
mod statement;
mod text;
mod timestamp;
mod trust;
mod verify;

pub use digest::{Digest, InvalidDigest};
pub use json::JsonError;
pub use key::{InvalidPublicKey, KeyId, PublicKey, SealRandom, SecretKey, SecretKeyError};
pub use manifest::{
    AuthProfile, Capability, Concurrency, ConfigDeclaration, ConfigKey, ConfigKind, ContractVersion, HttpDestination,
    InvalidConfigValue, InvalidContractVersion, InvalidManifestName, Isolation, Kind, Manifest, ManifestError,
    ManifestFault, ProfileName, RequestedLimits, SecretName, ShardSection, ToolSection, UrlTemplate, UrlTemplateError,
};
pub use name::{InvalidShardName, Namespace, ShardName};
pub use place::Place;
pub use semver::Version;
pub use sign::{ReleaseRequest, SignError, sign};
pub use statement::{
    Envelope, EnvelopeError, MAX_ENVELOPE_BYTES, MAX_SIGNATURES, PAYLOAD_TYPE, PREDICATE_TYPE, STATEMENT_TYPE,
    Statement, StatementError, World,
};
pub use timestamp::{InvalidTimestamp, Timestamp};
pub use trust::{
    Denial, DenyTarget, Pin, ShardPattern, TrustError, TrustFault, TrustPolicy, TrustedKey, TrustedPublisher,
    UnknownPublisherRule, UnsignedRule,
};
pub use verify::{
    Candidate, Expectation, MAX_COMPONENT_BYTES, Package, Provenance, Publisher, UnknownPublisher, Verified,
    VerifyError, verify,
};
