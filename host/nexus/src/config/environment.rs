//! The environment and the `.env` file, as one value.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};
use nexus_package::ShardName;

/// Variables of the process, with those of a `.env` file behind them. Its `Debug` shows names only: values are secrets.
#[derive(Clone, Default)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl std::fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    /// The variables of this process. Those that are not UTF-8 are no settings of ours.
    #[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
    pub(crate) fn of_process() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
        )
    }

    /// These variables alone.
    #[cfg(test)]
    pub(crate) fn of(entries: &[(&str, &str)]) -> Self {
        Self(entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    /// Adds what a `.env` file says and the process does not. No such file is fine; a broken one is an error.
    pub(crate) fn with_file(mut self, path: &Path) -> anyhow::Result<Self> {
        let entries = match dotenvy::from_path_iter(path) {
            Ok(entries) => entries,
            Err(error) if error.not_found() => return Ok(self),
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
        };
        for (number, entry) in entries.enumerate() {
            // The library's message quotes the line, and the line may hold a secret.
            let Ok((key, value)) = entry else {
                bail!("{}: entry {} is not KEY=value", path.display(), number + 1);
            };
            self.0.entry(key).or_insert(value);
        }
        Ok(self)
    }

    /// A variable that is set and not empty.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A switch: `true`, `1`, `yes`, `on`, or their opposites, in any case.
    pub(crate) fn flag(&self, key: &str) -> anyhow::Result<Option<bool>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(Some(true)),
            "false" | "0" | "no" | "off" => Ok(Some(false)),
            _ => bail!("the environment variable {key} must be true or false"),
        }
    }

    /// The switch of one shard: see [`switch_name`].
    pub(crate) fn switch(&self, shard: &ShardName) -> anyhow::Result<Option<bool>> {
        self.flag(&switch_name(shard))
    }
}

/// `ENABLE_LOGISTICS` for `nexus:logistics`, `ENABLE_ACME_WEATHER` for `acme:weather`. Only the shards that ship with
/// Nexus have the short form, so that nobody else's shard is switched on by it.
pub(crate) fn switch_name(shard: &ShardName) -> String {
    let name = match shard.namespace().as_str() {
        "nexus" => shard.name().to_owned(),
        namespace => format!("{namespace}_{}", shard.name()),
    };
    format!("ENABLE_{}", name.replace('-', "_").to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_wins_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        std::fs::write(&path, "A=file\nB=\"of file\" # and why\n").unwrap();
        let both = Environment::of(&[("A", "process")]).with_file(&path).unwrap();
        assert_eq!((both.get("A"), both.get("B")), (Some("process"), Some("of file")));
    }

    #[test]
    fn a_broken_file_is_an_error_that_does_not_quote_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        std::fs::write(&path, "A=1\nhunter2 is my secret\n").unwrap();
        let error = Environment::default().with_file(&path).unwrap_err().to_string();
        assert!(error.contains("entry 2"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_switch_that_is_neither_on_nor_off_is_an_error() {
        let some = Environment::of(&[("ON", "TRUE"), ("OFF", "0"), ("EMPTY", ""), ("ODD", "maybe")]);
        assert_eq!(some.flag("ON").unwrap(), Some(true));
        assert_eq!(some.flag("OFF").unwrap(), Some(false));
        assert_eq!(some.flag("EMPTY").unwrap(), None);
        assert!(some.flag("ODD").is_err());
    }

    #[test]
    fn only_first_party_shards_have_the_short_switch() {
        assert_eq!(switch_name(&"nexus:logistics".parse().unwrap()), "ENABLE_LOGISTICS");
        assert_eq!(switch_name(&"acme:big-logistics".parse().unwrap()), "ENABLE_ACME_BIG_LOGISTICS");
    }

    #[test]
    fn debug_output_holds_no_values() {
        let text = format!("{:?}", Environment::of(&[("FEDEX_API_SECRET", "hunter2")]));
        assert!(text.contains("FEDEX_API_SECRET") && !text.contains("hunter2"));
    }
}
