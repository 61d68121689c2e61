//! Names inside a manifest: settings, secrets and authentication profiles.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Most characters in the name of a setting, a secret or a profile.
const MAX_NAME: usize = 64;

/// The name of a setting: `[A-Z][A-Z0-9_]*`, at most 64 characters, as an environment variable is named.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ConfigKey(Box<str>);

/// The name of a secret that the host keeps: `[A-Z][A-Z0-9_]*`, at most 64 characters. Written `{ secret = "NAME" }`.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "SecretReference", into = "SecretReference")]
pub struct SecretName(Box<str>);

/// The name of an authentication profile: 1–64 of `a-z`, `0-9`, `-` and `_`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ProfileName(Box<str>);

/// The text is no such name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidManifestName {
    /// It is not `[A-Z][A-Z0-9_]*` of at most 64 characters.
    #[error("a setting or secret is named with A-Z, 0-9 and _, begins with a letter, and has at most 64 characters")]
    Upper,
    /// It is not 1–64 of `a-z`, `0-9`, `-` and `_`.
    #[error("an authentication profile is named with 1 to 64 of a-z, 0-9, - and _")]
    Profile,
}

/// `{ secret = "NAME" }`: a secret is always referred to by name, so that its value cannot be written in its place.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SecretReference {
    secret: String,
}

fn is_upper_name(text: &str) -> bool {
    text.len() <= MAX_NAME
        && text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
}

impl FromStr for ConfigKey {
    type Err = InvalidManifestName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_upper_name(text) { Ok(Self(text.into())) } else { Err(InvalidManifestName::Upper) }
    }
}

impl FromStr for SecretName {
    type Err = InvalidManifestName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_upper_name(text) { Ok(Self(text.into())) } else { Err(InvalidManifestName::Upper) }
    }
}

impl FromStr for ProfileName {
    type Err = InvalidManifestName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        if text.is_empty() || text.len() > MAX_NAME || !text.bytes().all(allowed) {
            return Err(InvalidManifestName::Profile);
        }
        Ok(Self(text.into()))
    }
}

impl TryFrom<SecretReference> for SecretName {
    type Error = InvalidManifestName;

    fn try_from(reference: SecretReference) -> Result<Self, Self::Error> {
        reference.secret.parse()
    }
}

impl From<SecretName> for SecretReference {
    fn from(name: SecretName) -> Self {
        Self { secret: name.0.into() }
    }
}

/// What the three names have in common: they read as text, and a map keyed by one can be asked with a `&str`.
macro_rules! reads_as_text {
    ($($name:ident),+) => {$(
        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    )+};
}
reads_as_text!(ConfigKey, SecretName, ProfileName);
crate::text::serde_as_text!(ConfigKey, ProfileName);
