//! The settings of one instance, as the operator left them. Secrets are no settings and never get here.

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use serde_json::{Map, Value};

use crate::{ToolError, ToolResult};

/// Every key that the manifest declares: the operator's value, or the default, or nothing.
///
/// An empty value counts as none, as an operator who writes `KEY=` means it.
///
/// ```
/// use nexus_shard::{prelude::*, testing};
///
/// let config = testing::config([("API_URL", "https://api.example.com"), ("PAGE", "50")]);
/// assert_eq!(config.get("API_URL"), Some("https://api.example.com"));
/// assert_eq!(config.parse::<u32>("PAGE")?, Some(50));
/// assert!(!config.flag("USE_MOCK")?);
/// assert!(config.require("ACCOUNT").is_err());
/// # Ok::<(), ToolError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Config {
    values: BTreeMap<String, String>,
}

impl Config {
    /// Reads the object that the host hands to `initialize`.
    pub(crate) fn from_json(text: &str) -> ToolResult<Self> {
        let object: Map<String, Value> = serde_json::from_str(text)
            .map_err(|_| ToolError::internal("the host's configuration is not a JSON object"))?;
        Ok(object.into_iter().collect())
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    /// The value of `key`, which the shard cannot do without.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable), naming the key, when it has none.
    pub fn require(&self, key: &str) -> ToolResult<&str> {
        self.get(key).ok_or_else(|| unusable(key, format_args!("{key} is not set: the operator must give it a value")))
    }

    /// Whether `key` is switched on: `true` or `1`. Without a value it is off.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable), naming the key, when it is neither on nor off (`false` or `0`).
    pub fn flag(&self, key: &str) -> ToolResult<bool> {
        match self.get(key) {
            Some("true" | "1") => Ok(true),
            Some("false" | "0") | None => Ok(false),
            Some(_) => Err(unusable(key, format_args!("{key} must be true or false"))),
        }
    }

    /// The value of `key` as a number, a URL of your own type, or whatever reads itself from text.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable), naming the key and the reason, when it does not parse.
    pub fn parse<T: FromStr<Err: Display>>(&self, key: &str) -> ToolResult<Option<T>> {
        self.get(key)
            .map(str::parse)
            .transpose()
            .map_err(|reason| unusable(key, format_args!("{key} has a value of the wrong form: {reason}")))
    }
}

impl FromIterator<(String, Value)> for Config {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(entries: I) -> Self {
        let values = entries
            .into_iter()
            .filter_map(|(key, value)| match value {
                Value::Null => None,
                Value::String(text) => Some((key, text)),
                other => Some((key, other.to_string())),
            })
            .filter(|(_, text)| !text.is_empty())
            .collect();
        Self { values }
    }
}

fn unusable(key: &str, message: impl Display) -> ToolError {
    ToolError::unavailable(message.to_string()).retryable(false).with("config", key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn config() -> Config {
        Config::from_json(r#"{"URL":"https://a.example","PORT":389,"USE_MOCK":"true","SSL":false,"NONE":null,"BLANK":"","ODD":"maybe"}"#)
            .unwrap()
    }

    #[test]
    fn reads_text_numbers_and_booleans_alike() {
        let config = config();
        assert_eq!(config.get("URL"), Some("https://a.example"));
        assert_eq!(config.parse::<u16>("PORT").unwrap(), Some(389));
        assert!(config.flag("USE_MOCK").unwrap());
        assert!(!config.flag("SSL").unwrap());
    }

    #[test]
    fn null_blank_and_absent_are_no_value() {
        for key in ["NONE", "BLANK", "UNDECLARED"] {
            assert_eq!(config().get(key), None);
            assert!(!config().flag(key).unwrap());
            assert_eq!(config().parse::<u16>(key).unwrap(), None);
        }
    }

    #[test]
    fn names_the_key_that_is_missing_or_wrong() {
        for error in [
            config().require("BLANK").unwrap_err(),
            config().flag("ODD").unwrap_err(),
            config().parse::<u16>("ODD").unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Unavailable);
            assert!(!error.is_retryable());
            let key = error.data()["config"].as_str().unwrap().to_owned();
            assert!(error.message().starts_with(&key), "{error}");
        }
    }

    #[test]
    fn refuses_what_is_no_object() {
        assert_eq!(Config::from_json("[]").unwrap_err().kind(), ErrorKind::Internal);
    }
}
