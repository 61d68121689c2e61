//! What can be wrong with a manifest.

use super::{ConfigKey, InvalidConfigValue, ProfileName, SecretName, UrlTemplateError};
use crate::Place;
use crate::place::KeyPath;

/// A manifest that cannot be used: where, and why.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {fault}")]
pub struct ManifestError {
    place: Place,
    fault: ManifestFault,
}

/// What is wrong with a manifest.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ManifestFault {
    /// The file is larger than 64 KiB.
    #[error("a manifest has at most 64 KiB")]
    TooLarge,
    /// Not TOML, an unknown or missing key, or a value of the wrong form.
    #[error("{0}")]
    Syntax(String),
    /// Text that is empty, too long, or holds characters that steer a terminal.
    #[error("expected 1 to {max} characters on one line, without control characters")]
    Text {
        /// The most characters it may have.
        max: usize,
    },
    /// Not an SPDX licence expression.
    #[error("expected an SPDX licence expression such as \"Apache-2.0\"")]
    License,
    /// A version that is too long, or has build metadata.
    #[error("a version has at most 64 characters and no build metadata (`+…`), which does not order releases")]
    Version,
    /// A limit of nothing, or beyond what any host gives.
    #[error("out of range: {0}")]
    Range(&'static str),
    /// More entries than a host keeps.
    #[error("at most {max} entries")]
    TooMany {
        /// The most entries there may be.
        max: usize,
    },
    /// A default that is no value of the setting's type.
    #[error("the default does not fit its type: {0}")]
    Default(#[from] InvalidConfigValue),
    /// No methods at all.
    #[error("name at least one method")]
    NoMethods,
    /// Not a method in capitals, one that is not brokered, or one that was named before.
    #[error("expected each method once, in capitals, such as \"GET\"; CONNECT and TRACE are never sent")]
    Method,
    /// A destination refers to a profile that does not exist.
    #[error("there is no [auth.{0}]")]
    UndeclaredProfile(ProfileName),
    /// An address refers to a setting that does not exist.
    #[error("there is no [config.{0}]")]
    UndeclaredConfig(ConfigKey),
    /// The default of a setting that names an address is no address for a manifest.
    #[error("an address refers to this setting, so its default must be one: {0}")]
    DefaultAddress(UrlTemplateError),
    /// A secret is also declared as a setting, which the shard could read.
    #[error("{0} is a secret and cannot also be a setting, which the shard can read")]
    SecretIsConfig(SecretName),
    /// A field that belongs to another kind of profile.
    #[error("this kind of profile has no such field")]
    ForeignField,
    /// A field that this kind of profile needs.
    #[error("this kind of profile needs this field")]
    MissingField,
    /// Not an OAuth scope.
    #[error("expected words separated by one space")]
    Scope,
    /// Not the name of a header that may carry a credential.
    #[error("not the name of a header that may carry a credential")]
    Header,
    /// Not a tool's name.
    #[error("a tool is named with 1 to 48 of a-z, 0-9 and _")]
    ToolName,
}

/// A fault and the key it is at, before the text is asked for the line.
#[derive(Debug, thiserror::Error)]
#[error("key `{path}`: {fault}")]
pub(crate) struct Misfit {
    path: KeyPath,
    fault: ManifestFault,
}

impl Misfit {
    pub(super) fn new(path: KeyPath, fault: ManifestFault) -> Self {
        Self { path, fault }
    }
}

impl ManifestError {
    pub(super) fn too_large() -> Self {
        Self { place: Place::of_key(&KeyPath::default()), fault: ManifestFault::TooLarge }
    }

    pub(super) fn syntax(text: &str, error: &toml::de::Error) -> Self {
        let offset = error.span().map_or(0, |span| span.start);
        Self { place: Place::of_offset(text, offset), fault: ManifestFault::Syntax(error.message().replace('\n', " ")) }
    }

    pub(super) fn located(text: &str, misfit: Misfit) -> Self {
        Self { place: Place::of_path(text, &misfit.path), fault: misfit.fault }
    }

    /// Where it is wrong.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What is wrong.
    pub fn fault(&self) -> &ManifestFault {
        &self.fault
    }

    /// Stable across releases; documented in the table of codes.
    pub fn code(&self) -> &'static str {
        "manifest-invalid"
    }
}
