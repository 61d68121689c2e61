//! The release statement: what a publisher signs.
//!
//! An in-toto Statement v1 whose one subject is a shard's release and whose predicate carries the whole manifest. The name
//! and version stand three times (subject, predicate, manifest) and must agree, so no reader can pick the one an
//! attacker likes. The predicate is this product's own and its type names its version, so unknown fields are refused: a
//! field that an old host does not understand may be a restriction.

mod envelope;

use serde::{Deserialize, Serialize};

pub use envelope::{Envelope, EnvelopeError, MAX_ENVELOPE_BYTES, MAX_SIGNATURES, PAYLOAD_TYPE};

use crate::text::is_printable;
use crate::{Digest, JsonError, Manifest, ShardName, Timestamp, Version, json};

/// `_type` of an in-toto Statement, version 1.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// `predicateType` of a shard's release, version 1.
pub const PREDICATE_TYPE: &str = "urn:nexus:shard-release:v1";

const MAX_SOURCE: usize = 500;
const MAX_INTERFACES: usize = 256;
const MAX_INTERFACE_NAME: usize = 200;

/// What a publisher says about one release.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Statement {
    /// The whole manifest; the release's name and version are the ones in it.
    pub manifest: Manifest,
    /// The component that the statement is about.
    pub component: Digest,
    /// The component's size in bytes.
    pub size: u64,
    /// What the component imports and exports, as its publisher saw it. For people: a host looks at the component itself.
    pub world: World,
    /// When the publisher made the statement, by the publisher's clock.
    pub created: Timestamp,
    /// The [digest](crate::Package::statement_digest) of the previous release's statement; none for the first.
    pub previous: Option<Digest>,
    /// Where the source is, at most 500 characters.
    pub source: Option<String>,
    /// The commit it was built from: 7 to 64 hexadecimal digits.
    pub commit: Option<String>,
}

/// The WIT world of a component: its name, imports and exports.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// The world's name, as `nexus:shard/shard@0.1.0`.
    pub name: String,
    /// The interfaces it imports.
    pub imports: Vec<String>,
    /// The interfaces it exports.
    pub exports: Vec<String>,
}

/// Why a payload is no release statement.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// It is not strict JSON.
    #[error("the statement {0}")]
    Json(#[from] JsonError),
    /// A field is missing, unknown or of the wrong form, or the manifest in it breaks a rule.
    #[error("the statement does not fit: {0}")]
    Form(String),
    /// It is another type of statement, or about something else than a shard's release.
    #[error("the statement is of another type than this host knows: {0:?}")]
    Type(String),
    /// It is not about exactly one release.
    #[error("the statement is not about exactly one release")]
    Subjects,
    /// A text in it is too long, empty, or holds characters that steer a terminal.
    #[error("the statement's {0} is not what it may be")]
    Text(&'static str),
    /// It gives another size than the component of its digest has.
    #[error("the statement gives a size of {signed} bytes, which the component has not")]
    Size {
        /// The size in the statement.
        signed: u64,
    },
    /// Subject, predicate and manifest do not name the same release.
    #[error("the statement names several releases: {0}")]
    Names(String),
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    name: String,
    digest: DigestSet,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct DigestSet {
    sha256: Digest,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Predicate {
    name: ShardName,
    version: Version,
    manifest: Manifest,
    world: World,
    size: u64,
    created: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
}

/// The type fields alone, so that a foreign statement is named as such and not by its first unknown field.
#[derive(Deserialize)]
struct Types {
    #[serde(rename = "_type")]
    kind: String,
    #[serde(rename = "predicateType")]
    predicate_type: String,
}

impl Statement {
    /// Reads the payload of an envelope. That it parses says nothing about who wrote it.
    ///
    /// # Errors
    /// [`StatementError`] when it is not strict JSON, of another type, of another form, or at odds with itself.
    pub fn from_payload(payload: &[u8]) -> Result<Self, StatementError> {
        let value = json::parse(payload)?;
        let types = Types::deserialize(&value).map_err(|error| StatementError::Form(error.to_string()))?;
        for (found, known) in [(types.kind, STATEMENT_TYPE), (types.predicate_type, PREDICATE_TYPE)] {
            if found != known {
                return Err(StatementError::Type(found));
            }
        }
        let wire: Wire = serde_json::from_value(value).map_err(|error| StatementError::Form(error.to_string()))?;
        let [subject] = wire.subject.as_slice() else {
            return Err(StatementError::Subjects);
        };
        let Predicate { name, version, manifest, world, size, created, previous, source, commit } = wire.predicate;
        let statement =
            Self { manifest, component: subject.digest.sha256, size, world, created, previous, source, commit };
        let (in_predicate, in_manifest) = (format!("{name}@{version}"), statement.release());
        if subject.name != in_manifest || in_predicate != in_manifest {
            let names = format!("{:?}, {in_predicate}, {in_manifest}", subject.name);
            return Err(StatementError::Names(names));
        }
        statement.check_texts()?;
        Ok(statement)
    }

    /// The bytes that are signed. The same statement gives the same bytes.
    pub(crate) fn to_payload(&self) -> Result<Vec<u8>, StatementError> {
        let shard = &self.manifest.shard;
        let wire = Wire {
            kind: STATEMENT_TYPE.to_owned(),
            subject: vec![Subject { name: self.release(), digest: DigestSet { sha256: self.component } }],
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate: Predicate {
                name: shard.name.clone(),
                version: shard.version.clone(),
                manifest: self.manifest.clone(),
                world: self.world.clone(),
                size: self.size,
                created: self.created,
                previous: self.previous,
                source: self.source.clone(),
                commit: self.commit.clone(),
            },
        };
        serde_json::to_vec(&wire).map_err(|error| StatementError::Form(error.to_string()))
    }

    /// The release's name, as `acme:weather@1.2.0`.
    pub fn release(&self) -> String {
        format!("{}@{}", self.manifest.shard.name, self.manifest.shard.version)
    }

    fn check_texts(&self) -> Result<(), StatementError> {
        let is_interface = |name: &String| {
            (1..=MAX_INTERFACE_NAME).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let World { name, imports, exports } = &self.world;
        let fits = imports.len() <= MAX_INTERFACES && exports.len() <= MAX_INTERFACES;
        if !fits || ![name].into_iter().chain(imports).chain(exports).all(is_interface) {
            return Err(StatementError::Text("world"));
        }
        if !self.source.as_deref().is_none_or(|source| is_printable(source, MAX_SOURCE)) {
            return Err(StatementError::Text("source"));
        }
        let is_commit = |commit: &str| {
            (7..=64).contains(&commit.len()) && commit.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        if !self.commit.as_deref().is_none_or(is_commit) {
            return Err(StatementError::Text("commit"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
