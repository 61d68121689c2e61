//! What the operator wants: `nexus.toml`, overridden by the environment and a `.env` file, overridden by flags.
//!
//! The environment is read once, here, and handed on as a value. A `.env` file is read beside `nexus.toml` only, never in
//! the current folder: an assistant starts this program inside whatever project it works on, and a stranger's project
//! must not be able to send the operator's credentials to an address of its choice.

pub(crate) mod environment;
pub(crate) mod file;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use nexus_install::Home;

pub(crate) use environment::Environment;
pub(crate) use file::{ConfigFile, Grant, ShardConfig};

/// Everything that the operator said, composed.
#[derive(Debug)]
pub(crate) struct Config {
    /// Where it came from, for messages.
    pub(crate) path: PathBuf,
    /// Whether that file exists.
    pub(crate) found: bool,
    pub(crate) file: ConfigFile,
    pub(crate) environment: Environment,
}

impl Config {
    /// Reads `explicit`, which must then exist, or the file of the home, which need not.
    pub(crate) fn read(explicit: Option<&Path>, home: &Home, process: Environment) -> anyhow::Result<Self> {
        let path = explicit.map_or_else(|| home.config_file(), Path::to_owned);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && explicit.is_none() => None,
            Err(error) => {
                return Err(error).with_context(|| format!("the configuration {} cannot be read", path.display()));
            }
        };
        let file = text.as_deref().map_or_else(|| Ok(ConfigFile::default()), |text| ConfigFile::parse(text, &path))?;
        let beside = path.parent().unwrap_or(Path::new(".")).join(".env");
        let environment = process.with_file(&beside)?;
        Ok(Self { found: text.is_some(), path, file, environment })
    }

    /// Whether tools answer from mock data.
    pub(crate) fn use_mock(&self) -> anyhow::Result<bool> {
        Ok(self.environment.flag("USE_MOCK")?.unwrap_or(self.file.use_mock))
    }
}
