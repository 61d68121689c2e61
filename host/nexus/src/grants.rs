//! What one shard may have: its signed manifest asks, the operator answers.
//!
//! A shard gets nothing by being there. The operator grants what it declares by installing it, or in `nexus.toml`, where
//! it can also be narrowed or taken back. Environment variables reach a shard's settings and secrets only under a grant:
//! otherwise any shard could declare `AWS_SECRET_ACCESS_KEY` as a setting and read it.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use nexus_broker::{HttpGrant, OperatorGrant, ProfileGrant};
use nexus_install::{Entry, Locked};
use nexus_package::{Manifest, Package};
use secrecy::SecretString;

use crate::config::environment::switch_name;
use crate::config::file::{GrantWord, SecretSource};
use crate::config::{Config, Grant, ShardConfig};

/// Whether a shard serves, and who says so.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Switch {
    On,
    /// Off, and what turns it on.
    Off(String),
}

/// Decides whether the shard of `manifest` serves: environment, then `nexus.toml`, then installation, then the manifest.
pub(crate) fn switch(manifest: &Manifest, config: &Config, entry: Option<&Entry>) -> anyhow::Result<Switch> {
    let name = &manifest.shard.name;
    let variable = switch_name(name);
    let section = config.file.shards.get(name);
    let on = match (config.environment.switch(name)?, section.and_then(|section| section.enabled)) {
        (Some(on), _) | (None, Some(on)) => on,
        (None, None) => {
            let installed = entry.and_then(|entry| entry.enabled.or(entry.installed.as_ref().map(|_| true)));
            installed.unwrap_or(!manifest.shard.opt_in)
        }
    };
    Ok(if on {
        Switch::On
    } else {
        Switch::Off(format!(
            "switched off: set {variable}=true, or enabled = true under [shards.\"{name}\"] in {}",
            config.path.display()
        ))
    })
}

/// How the operator's grant came about, for `nexus list`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum GrantOrigin {
    /// It declares nothing that needs a grant.
    NothingDeclared,
    /// `nexus.toml` says so.
    Configuration,
    /// The operator agreed at installation.
    Consent,
    /// Nobody granted anything.
    NotGranted,
}

/// The operator's grant for `package`.
///
/// # Errors
/// When a setting does not fit its declared type, a secret's file cannot be read, or a section names what the manifest does
/// not declare.
pub(crate) fn resolve(
    package: &Package,
    config: &Config,
    locked: &Locked,
) -> anyhow::Result<(OperatorGrant, GrantOrigin)> {
    let manifest = package.manifest();
    let name = &manifest.shard.name;
    let nothing = ShardConfig::default();
    let section = config.file.shards.get(name).unwrap_or(&nothing);
    let consented = locked.consents_to(package);
    let (http, profiles, origin) = match &section.grant {
        Some(Grant::Word(GrantWord::Declared)) => (HttpGrant::Declared, ProfileGrant::Declared, GrantOrigin::Configuration),
        Some(Grant::Word(GrantWord::Nothing)) => (HttpGrant::Nothing, ProfileGrant::Nothing, GrantOrigin::NotGranted),
        Some(Grant::Only(table)) => {
            let parse = |url: &String| url.parse().with_context(|| format!("the grant of {name}: {url}"));
            let http = table.http.iter().map(parse).collect::<anyhow::Result<_>>()?;
            let profile = |profile: &String| profile.parse().with_context(|| format!("the grant of {name}: {profile}"));
            let profiles = table.profiles.iter().map(profile).collect::<anyhow::Result<_>>()?;
            (HttpGrant::Only(http), ProfileGrant::Only(profiles), GrantOrigin::Configuration)
        }
        None if consented => (HttpGrant::Declared, ProfileGrant::Declared, GrantOrigin::Consent),
        None => (HttpGrant::Nothing, ProfileGrant::Nothing, GrantOrigin::NotGranted),
    };
    let origin = if manifest.http.is_empty() { GrantOrigin::NothingDeclared } else { origin };
    let granted = matches!(origin, GrantOrigin::Configuration | GrantOrigin::Consent);
    let private_addresses = section
        .private_addresses
        .iter()
        .map(|network| network.parse().with_context(|| format!("private_addresses of {name}: {network}")))
        .collect::<anyhow::Result<_>>()?;
    let grant = OperatorGrant {
        http,
        profiles,
        private_addresses,
        config: settings(manifest, config, section, granted)?,
        secrets: if granted { secrets(manifest, config, section)? } else { BTreeMap::new() },
    };
    Ok((grant, origin))
}

/// The operator's values for declared settings. The environment counts under a grant only; `USE_MOCK` is the host's own.
fn settings(
    manifest: &Manifest,
    config: &Config,
    section: &ShardConfig,
    granted: bool,
) -> anyhow::Result<BTreeMap<String, String>> {
    let name = &manifest.shard.name;
    if let Some(unknown) = section.config.keys().find(|key| !manifest.config.contains_key(key.as_str())) {
        bail!("[shards.\"{name}\".config] sets {unknown}, which {name} does not declare");
    }
    let mut values = BTreeMap::new();
    for (key, declaration) in &manifest.config {
        let written = section.config.get(key.as_str()).map(ToString::to_string);
        let value = if key.as_str() == "USE_MOCK" {
            written.or(Some(config.use_mock()?.to_string()))
        } else {
            config.environment.get(key.as_str()).filter(|_| granted).map(str::to_owned).or(written)
        };
        if let Some(value) = value {
            declaration.kind.accepts(&value).with_context(|| format!("the setting {key} of {name}"))?;
            values.insert(key.to_string(), value);
        }
    }
    Ok(values)
}

fn secrets(
    manifest: &Manifest,
    config: &Config,
    section: &ShardConfig,
) -> anyhow::Result<BTreeMap<String, SecretString>> {
    let name = &manifest.shard.name;
    let declared = manifest.secret_names();
    if let Some(unknown) = section.secrets.keys().find(|key| !declared.iter().any(|secret| secret.as_str() == key.as_str())) {
        bail!("[shards.\"{name}\".secrets] names {unknown}, which {name} does not declare");
    }
    let mut found = BTreeMap::new();
    for secret in declared {
        let value = match section.secrets.get(secret.as_str()) {
            Some(SecretSource::File(path)) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("the secret {secret} of {name}: {} cannot be read", path.display()))?;
                Some(text.trim_end_matches(['\r', '\n']).to_owned())
            }
            Some(SecretSource::Env(variable)) => config.environment.get(variable).map(str::to_owned),
            None => config.environment.get(secret.as_str()).map(str::to_owned),
        };
        if let Some(value) = value {
            found.insert(secret.to_string(), SecretString::from(value));
        }
    }
    Ok(found)
}
