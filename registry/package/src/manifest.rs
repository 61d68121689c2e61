//! The manifest: what a shard says about itself and what it asks for.
//!
//! An author writes it as `shard.toml`; it is signed whole as part of the release statement, and the signed copy is the only
//! one a host enforces. Both are read by the same types and the same rules. Unknown keys are refused: a key that an old
//! host does not understand may be a restriction.

mod auth;
mod capability;
mod check;
mod config;
mod error;
mod limits;
mod names;
mod quantity;
mod sections;
mod url_template;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use auth::AuthProfile;
pub use capability::Capability;
pub use config::{ConfigDeclaration, ConfigKind, InvalidConfigValue};
pub use error::{ManifestError, ManifestFault};
pub use limits::RequestedLimits;
pub use names::{ConfigKey, InvalidManifestName, ProfileName, SecretName};
pub use sections::{
    Concurrency, ContractVersion, HttpDestination, InvalidContractVersion, Isolation, Kind, ShardSection, ToolSection,
};
pub use url_template::{UrlTemplate, UrlTemplateError};

/// Largest `shard.toml`, in bytes. It must fit into an envelope of 256 KiB after two encodings.
const MAX_MANIFEST_BYTES: usize = 64 * 1024;

/// What a shard says about itself and what it asks for: `shard.toml`, or the copy of it in a release statement.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "check::Draft")]
pub struct Manifest {
    /// Who it is.
    pub shard: ShardSection,
    /// The limits it asks for; the operator may give less.
    #[serde(skip_serializing_if = "RequestedLimits::is_empty")]
    pub limits: RequestedLimits,
    /// Every setting it reads.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<ConfigKey, ConfigDeclaration>,
    /// Where it wants to send HTTP requests.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<HttpDestination>,
    /// How the host proves who is asking, per profile.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub auth: BTreeMap<ProfileName, AuthProfile>,
    /// What a tool's code cannot say for itself.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tools: BTreeMap<String, ToolSection>,
}

impl Manifest {
    /// Reads `shard.toml`.
    ///
    /// # Errors
    /// [`ManifestError`] with line, column and key: not TOML, an unknown key, a value out of its range, or a reference to what
    /// is not declared.
    pub fn from_toml(text: &str) -> Result<Self, ManifestError> {
        if text.len() > MAX_MANIFEST_BYTES {
            return Err(ManifestError::too_large());
        }
        let draft: check::Draft = toml::from_str(text).map_err(|error| ManifestError::syntax(text, &error))?;
        draft.check().map_err(|misfit| ManifestError::located(text, misfit))
    }

    /// Whether the manifest asks for `capability`. An import that needs one which is not declared is refused at load.
    pub fn declares(&self, capability: Capability) -> bool {
        match capability {
            Capability::Http => !self.http.is_empty(),
        }
    }

    /// The secrets that its authentication profiles name, each once.
    pub fn secret_names(&self) -> BTreeSet<&SecretName> {
        self.auth.values().flat_map(AuthProfile::secrets).collect()
    }
}

#[cfg(test)]
mod tests;
