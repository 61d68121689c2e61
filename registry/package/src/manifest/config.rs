//! `[config.KEY]`: the settings a shard reads.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::url_template::{UrlTemplateError, parse_base};

/// What a shard says about one of its settings.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigDeclaration {
    /// What values it takes. Written as `type`.
    #[serde(rename = "type", default)]
    pub kind: ConfigKind,
    /// The value when the operator gives none, as text. An author may write a number or a boolean as such.
    #[serde(default, deserialize_with = "scalar", skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// One line for people, at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What values a setting takes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigKind {
    /// Any text.
    #[default]
    String,
    /// A whole number of 64 bits.
    Integer,
    /// A finite number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// An `http` or `https` address without user name, query or fragment.
    Url,
}

/// Why a text is no value for a setting.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidConfigValue {
    /// Not a whole number.
    #[error("expected a whole number")]
    Integer,
    /// Not a finite number.
    #[error("expected a number")]
    Number,
    /// Neither `true` nor `false`.
    #[error("expected true or false")]
    Boolean,
    /// Not an address that a shard may be given.
    #[error(transparent)]
    Url(#[from] UrlTemplateError),
}

impl ConfigKind {
    /// Checks that `value` is one of this kind.
    ///
    /// # Errors
    /// [`InvalidConfigValue`], saying what was expected.
    pub fn accepts(self, value: &str) -> Result<(), InvalidConfigValue> {
        match self {
            Self::String => Ok(()),
            Self::Integer => value.parse::<i64>().map(drop).map_err(|_| InvalidConfigValue::Integer),
            Self::Number => match value.parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(()),
                _ => Err(InvalidConfigValue::Number),
            },
            Self::Boolean if matches!(value, "true" | "false") => Ok(()),
            Self::Boolean => Err(InvalidConfigValue::Boolean),
            Self::Url => Ok(parse_base(value).map(drop)?),
        }
    }
}

/// Reads a string, a number or a boolean as text.
fn scalar<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    struct Scalar;

    impl Visitor<'_> for Scalar {
        type Value = Option<String>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a string, a number or a boolean")
        }

        fn visit_str<E: de::Error>(self, value: &str) -> Result<Self::Value, E> {
            Ok(Some(value.to_owned()))
        }

        fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
            Ok(Some(value.to_string()))
        }

        fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
            Ok(Some(value.to_string()))
        }

        fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
            Ok(Some(value.to_string()))
        }

        fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
            Ok(Some(value.to_string()))
        }
    }

    deserializer.deserialize_any(Scalar)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_accepts_its_own_values_and_no_others() {
        for (kind, good, bad) in [
            (ConfigKind::Integer, "-5", "5.0"),
            (ConfigKind::Number, "2.5", "NaN"),
            (ConfigKind::Boolean, "false", "yes"),
            (ConfigKind::Url, "http://10.0.0.5:8443/base", "ftp://10.0.0.5"),
        ] {
            assert_eq!(kind.accepts(good), Ok(()), "{kind:?}");
            assert!(kind.accepts(bad).is_err(), "{kind:?}");
        }
        assert_eq!(ConfigKind::String.accepts("anything"), Ok(()));
    }
}
