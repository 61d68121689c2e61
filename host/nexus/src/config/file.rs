//! `nexus.toml`. Unknown keys are errors that name file, line and key: a misspelt limit must not be no limit.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytesize::ByteSize;
use nexus_broker::BrokerSettings;
use nexus_package::ShardName;
use nexus_runtime::{Ceiling, Limits};
use serde::Deserialize;

/// The whole file. Every key has a default, so an empty file is a configuration too.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ConfigFile {
    /// Every tool answers from mock data: no network, no credentials.
    pub(crate) use_mock: bool,
    /// The watched folder; relative to this file.
    pub(crate) shards_dir: Option<PathBuf>,
    pub(crate) serve: Serve,
    pub(crate) limits: LimitsSection,
    /// What holds for every request and log line of every shard.
    pub(crate) broker: BrokerSettings,
    pub(crate) shards: BTreeMap<ShardName, ShardConfig>,
}

/// `[serve]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Serve {
    /// Where `nexus serve` listens when neither `--http` nor `--stdio` is given.
    pub(crate) http: SocketAddr,
    /// How long calls in flight may take to finish at shutdown.
    #[serde(deserialize_with = "duration")]
    pub(crate) grace: Duration,
    /// Origins of web pages that may call, beside those of this machine.
    pub(crate) allowed_origins: Vec<String>,
}

impl Default for Serve {
    fn default() -> Self {
        Self {
            http: SocketAddr::from(([127, 0, 0, 1], 8081)),
            grace: Duration::from_secs(10),
            allowed_origins: Vec::new(),
        }
    }
}

/// `[limits]`, for all shards or for one: the most that is given, whatever a manifest asks for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LimitsSection {
    pub(crate) fuel: Option<u64>,
    #[serde(deserialize_with = "optional_duration")]
    pub(crate) deadline: Option<Duration>,
    pub(crate) memory: Option<ByteSize>,
    pub(crate) instances: Option<usize>,
    pub(crate) waiting: Option<usize>,
    pub(crate) arguments: Option<ByteSize>,
    pub(crate) result: Option<ByteSize>,
}

impl LimitsSection {
    /// The ceiling `base`, changed where this section says so.
    pub(crate) fn over(&self, Ceiling(base): Ceiling) -> Ceiling {
        let bytes = |size: Option<ByteSize>, otherwise: usize| {
            size.map_or(otherwise, |size| usize::try_from(size.as_u64()).unwrap_or(usize::MAX))
        };
        Ceiling(Limits {
            fuel: self.fuel.unwrap_or(base.fuel),
            deadline: self.deadline.unwrap_or(base.deadline),
            memory: self.memory.map_or(base.memory, |size| size.as_u64()),
            instances: self.instances.unwrap_or(base.instances),
            waiting: self.waiting.unwrap_or(base.waiting),
            argument_bytes: bytes(self.arguments, base.argument_bytes),
            result_bytes: bytes(self.result, base.result_bytes),
            ..base
        })
    }
}

/// `[shards."namespace:name"]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ShardConfig {
    /// On or off. Without it: as installed, or as the manifest says.
    pub(crate) enabled: Option<bool>,
    pub(crate) grant: Option<Grant>,
    /// Private and loopback addresses that its destinations may resolve to, as CIDR.
    pub(crate) private_addresses: Vec<String>,
    /// Values for the keys that its manifest declares.
    pub(crate) config: BTreeMap<String, Setting>,
    /// Where its secrets come from, when not from the environment variable of the same name.
    pub(crate) secrets: BTreeMap<String, SecretSource>,
    pub(crate) limits: LimitsSection,
}

/// What the operator grants of what the manifest declares.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(untagged, expecting = "expected \"declared\", \"nothing\", or a table with `http` and `profiles`")]
pub(crate) enum Grant {
    /// `"declared"` or `"nothing"`.
    Word(GrantWord),
    /// A narrower list.
    Only(GrantTable),
}

/// A grant in one word.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum GrantWord {
    /// All that the signed manifest declares.
    Declared,
    /// Nothing, not even what was agreed to at installation.
    Nothing,
}

/// A narrower grant.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct GrantTable {
    /// Destinations: `https://host[:port][/path]`.
    pub(crate) http: Vec<String>,
    /// Authentication profiles of the manifest.
    pub(crate) profiles: Vec<String>,
}

/// A setting's value; shards see its text.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "expected a string, a number or a boolean")]
pub(crate) enum Setting {
    Text(String),
    Integer(i64),
    Number(f64),
    Boolean(bool),
}

impl std::fmt::Display for Setting {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => text.fmt(formatter),
            Self::Integer(number) => number.fmt(formatter),
            Self::Number(number) => number.fmt(formatter),
            Self::Boolean(flag) => flag.fmt(formatter),
        }
    }
}

/// Where a secret lies. Never in this file.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SecretSource {
    /// An environment variable of another name.
    Env(String),
    /// A file that holds the secret and nothing else; relative to `nexus.toml`.
    File(PathBuf),
}

impl ConfigFile {
    /// Parses `text`, which came from `path`.
    pub(crate) fn parse(text: &str, path: &Path) -> anyhow::Result<Self> {
        let mut parsed: Self = match toml::from_str(text) {
            Ok(parsed) => parsed,
            Err(error) => bail!("{}: {}", path.display(), error.to_string().trim_end()),
        };
        parsed.broker.validate().with_context(|| format!("{}: [broker]", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        parsed.shards_dir = parsed.shards_dir.map(|shards| folder.join(shards));
        for shard in parsed.shards.values_mut() {
            for source in shard.secrets.values_mut() {
                if let SecretSource::File(file) = source {
                    *file = folder.join(&file);
                }
            }
        }
        Ok(parsed)
    }
}

fn duration<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text).map_err(serde::de::Error::custom)
}

fn optional_duration<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    duration(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> anyhow::Result<ConfigFile> {
        ConfigFile::parse(text, Path::new("/etc/nexus/nexus.toml"))
    }

    #[test]
    fn an_empty_file_is_the_defaults() {
        let file = parse("").unwrap();
        assert_eq!(file.serve.http.to_string(), "127.0.0.1:8081");
        assert_eq!(file.limits.over(Ceiling::default()), Ceiling::default());
    }

    #[test]
    fn the_commented_example_shows_the_defaults() {
        let example = include_str!("../../nexus.example.toml");
        let defaults = ConfigFile { limits: parse(example).unwrap().limits, ..ConfigFile::default() };
        assert_eq!(format!("{:?}", parse(example).unwrap()), format!("{defaults:?}"));
        assert_eq!(parse(example).unwrap().limits.over(Ceiling::default()), Ceiling::default());
        let shown: String = example
            .lines()
            .map(|line| {
                line.strip_prefix("# ").filter(|rest| rest.starts_with('[') || rest.contains(" = ")).unwrap_or(line)
            })
            .filter(|line| !line.starts_with("grant = \"declared\""))
            .flat_map(|line| [line, "\n"])
            .collect();
        assert_eq!(parse(&shown).unwrap().shards.len(), 1);
    }

    #[test]
    fn an_unknown_key_is_named_with_file_and_line() {
        let error = parse("use_mock = true\n[limits]\nmemroy = \"1 GiB\"\n").unwrap_err().to_string();
        assert!(error.contains("/etc/nexus/nexus.toml"), "{error}");
        assert!(error.contains("line 3"), "{error}");
        assert!(error.contains("memroy"), "{error}");
    }

    #[test]
    fn a_grant_is_a_word_or_a_narrower_list() {
        let file = parse(concat!(
            "[shards.\"acme:a\"]\ngrant = \"declared\"\n",
            "[shards.\"acme:b\"]\ngrant = { http = [\"https://a.example\"] }\n",
        ))
        .unwrap();
        let grants: Vec<_> = file.shards.values().filter_map(|shard| shard.grant.clone()).collect();
        assert_eq!(grants[0], Grant::Word(GrantWord::Declared));
        assert!(matches!(&grants[1], Grant::Only(table) if table.http == ["https://a.example"]));
        assert!(parse("[shards.\"acme:a\"]\ngrant = \"everything\"\n").is_err());
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let file = parse("shards_dir = \"drop\"\n[shards.\"a:b\".secrets]\nKEY = { file = \"key.txt\" }\n").unwrap();
        assert_eq!(file.shards_dir.unwrap(), Path::new("/etc/nexus/drop"));
        let secret = file.shards.values().next().unwrap().secrets.get("KEY").unwrap().clone();
        assert!(matches!(secret, SecretSource::File(path) if path == Path::new("/etc/nexus/key.txt")));
    }
}
