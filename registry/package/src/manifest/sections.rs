//! The sections of a manifest that hold plain values.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use semver::Version;
use serde::{Deserialize, Serialize};

use super::{ProfileName, UrlTemplate, quantity};
use crate::ShardName;

/// `[shard]`: who it is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ShardSection {
    /// `namespace:name`, the same as in WIT and OCI.
    pub name: ShardName,
    /// Its semantic version, at most 64 characters and without build metadata.
    pub version: Version,
    /// One line for people, at most 500 characters.
    pub description: String,
    /// An SPDX licence expression, at most 200 characters.
    pub license: String,
    /// The lowest contract version it needs.
    pub contract: ContractVersion,
    /// What it is for.
    #[serde(default)]
    pub kind: Kind,
    /// Whether several instances may serve it side by side.
    #[serde(default)]
    pub concurrency: Concurrency,
    /// Whether an instance may serve more than one call.
    #[serde(default)]
    pub isolation: Isolation,
    /// Off until the operator switches it on.
    #[serde(default)]
    pub opt_in: bool,
}

/// What a shard is for.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Offers tools of its own.
    #[default]
    Tool,
    /// Speaks for a system outside.
    Connector,
    /// Proves who somebody is.
    Authentication,
    /// Writes reports.
    Reporting,
}

/// Whether several instances may serve a shard side by side.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Concurrency {
    /// Any number; nothing in memory is shared or lasting.
    #[default]
    Parallel,
    /// One instance per workspace, whose memory is kept between calls.
    Single,
}

/// Whether an instance may serve more than one call.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// Instances are kept warm and serve many calls.
    #[default]
    Pooled,
    /// Every call has a fresh instance.
    Call,
}

/// A version of the contract between host and shard: `major.minor`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ContractVersion {
    /// Breaking changes.
    pub major: u16,
    /// Additions.
    pub minor: u16,
}

/// The text is no contract version.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected a contract version such as \"0.1\"")]
pub struct InvalidContractVersion;

impl FromStr for ContractVersion {
    type Err = InvalidContractVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (major, minor) = text.split_once('.').ok_or(InvalidContractVersion)?;
        let number = |digits: &str| digits.parse().map_err(|_| InvalidContractVersion);
        let version = Self { major: number(major)?, minor: number(minor)? };
        // One version, one spelling: neither `+0.1` nor `0.01`.
        if version.to_string() == text { Ok(version) } else { Err(InvalidContractVersion) }
    }
}

impl fmt::Display for ContractVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

crate::text::serde_as_text!(ContractVersion);

/// `[[http]]`: one destination of HTTP requests.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HttpDestination {
    /// Scheme, host, port and path prefix; or a setting that names them.
    pub url: UrlTemplate,
    /// The methods it uses, in capitals, at least one.
    pub methods: Vec<String>,
    /// The authentication profile whose credentials the host attaches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<ProfileName>,
}

/// `[tools.NAME]`: what the tool's code cannot say for itself.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ToolSection {
    /// Wall-clock time for one call of this tool, at most one hour. Written as `"20s"`.
    #[serde(default, with = "quantity::duration", skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Duration>,
}
