//! What one shard may have: its signed manifest asks, the operator answers.
//!
//! A shard gets nothing by being there. The operator grants what it declares by installing it, or in `nexus.toml`, where
//! it can also be narrowed or taken back. Environment variables reach a shard's settings and secrets only under a grant:
//! otherwise any shard could declare `AWS_SECRET_ACCESS_KEY` as a setting and read it.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use nexus_broker::{HttpGrant, OperatorGrant, ProfileGrant};
use nexus_install::Entry;
use nexus_package::Manifest;
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

/// The operator's grant for the shard of `manifest`. `consented` says that the operator agreed to exactly this at installation.
///
/// # Errors
/// When a setting does not fit its declared type, a secret's file cannot be read, or a section names what the manifest does
/// not declare.
pub(crate) fn resolve(
    manifest: &Manifest,
    config: &Config,
    consented: bool,
) -> anyhow::Result<(OperatorGrant, GrantOrigin)> {
    let name = &manifest.shard.name;
    let nothing = ShardConfig::default();
    let section = config.file.shards.get(name).unwrap_or(&nothing);
    let (http, profiles, origin) = match &section.grant {
        Some(Grant::Word(GrantWord::Declared)) => {
            (HttpGrant::Declared, ProfileGrant::Declared, GrantOrigin::Configuration)
        }
        Some(Grant::Only(table)) => {
            let parse = |url: &String| url.parse().with_context(|| format!("the grant of {name}: {url}"));
            let http = table.http.iter().map(parse).collect::<anyhow::Result<_>>()?;
            let profile = |profile: &String| profile.parse().with_context(|| format!("the grant of {name}: {profile}"));
            let profiles = table.profiles.iter().map(profile).collect::<anyhow::Result<_>>()?;
            (HttpGrant::Only(http), ProfileGrant::Only(profiles), GrantOrigin::Configuration)
        }
        None if consented => (HttpGrant::Declared, ProfileGrant::Declared, GrantOrigin::Consent),
        Some(Grant::Word(GrantWord::Nothing)) | None => {
            (HttpGrant::Nothing, ProfileGrant::Nothing, GrantOrigin::NotGranted)
        }
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
    if let Some(unknown) =
        section.secrets.keys().find(|key| !declared.iter().any(|secret| secret.as_str() == key.as_str()))
    {
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

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::config::{ConfigFile, Environment};

    const LOGISTICS: &str = r#"
        [shard]
        name = "nexus:logistics"
        version = "1.0.0"
        description = "d"
        license = "Apache-2.0"
        contract = "0.1"
        opt_in = true
        [config.USE_MOCK]
        type = "boolean"
        [config.API_URL]
        type = "url"
        default = "https://api.example"
        [[http]]
        url = "{config:API_URL}"
        methods = ["POST"]
        auth = "api"
        [auth.api]
        kind = "bearer"
        token = { secret = "API_TOKEN" }
    "#;

    fn config(toml: &str, environment: &[(&str, &str)]) -> Config {
        Config {
            path: PathBuf::from("nexus.toml"),
            found: true,
            file: ConfigFile::parse(toml, Path::new("nexus.toml")).unwrap(),
            environment: Environment::of(environment),
        }
    }

    fn granted(toml: &str, environment: &[(&str, &str)], consented: bool) -> (OperatorGrant, GrantOrigin) {
        resolve(&Manifest::from_toml(LOGISTICS).unwrap(), &config(toml, environment), consented).unwrap()
    }

    fn switched(toml: &str, environment: &[(&str, &str)], entry: Option<&Entry>) -> bool {
        switch(&Manifest::from_toml(LOGISTICS).unwrap(), &config(toml, environment), entry).unwrap() == Switch::On
    }

    const SECRETIVE: &[(&str, &str)] =
        &[("API_TOKEN", "hunter2"), ("API_URL", "https://other.example"), ("USE_MOCK", "1")];

    #[test]
    fn a_dropped_in_shard_gets_nothing_of_the_environment() {
        let (grant, origin) = granted("", SECRETIVE, false);
        assert_eq!(origin, GrantOrigin::NotGranted);
        assert!(matches!((&grant.http, &grant.profiles), (HttpGrant::Nothing, ProfileGrant::Nothing)));
        assert!(grant.secrets.is_empty());
        assert_eq!(grant.config, [("USE_MOCK".to_owned(), "true".to_owned())].into());
    }

    #[test]
    fn consent_and_configuration_grant_what_is_declared() {
        let declared = "[shards.\"nexus:logistics\"]\ngrant = \"declared\"\n";
        for (toml, consented, expected) in
            [("", true, GrantOrigin::Consent), (declared, false, GrantOrigin::Configuration)]
        {
            let (grant, origin) = granted(toml, SECRETIVE, consented);
            assert_eq!(origin, expected);
            assert!(matches!(grant.http, HttpGrant::Declared));
            assert_eq!(grant.config["API_URL"], "https://other.example");
            assert_eq!(grant.secrets["API_TOKEN"].expose_secret(), "hunter2");
        }
    }

    #[test]
    fn configuration_takes_consent_back() {
        let (grant, origin) = granted("[shards.\"nexus:logistics\"]\ngrant = \"nothing\"\n", SECRETIVE, true);
        assert_eq!(origin, GrantOrigin::NotGranted);
        assert!(grant.secrets.is_empty());
    }

    #[test]
    fn what_the_manifest_does_not_declare_cannot_be_set() {
        for section in ["config]\nHOME = \"/\"", "secrets]\nAWS_KEY = { env = \"AWS_KEY\" }"] {
            let toml =
                format!("[shards.\"nexus:logistics\"]\ngrant = \"declared\"\n[shards.\"nexus:logistics\".{section}\n");
            let manifest = Manifest::from_toml(LOGISTICS).unwrap();
            assert!(resolve(&manifest, &config(&toml, &[]), false).is_err(), "{toml}");
        }
    }

    #[test]
    fn the_switch_is_turned_by_the_environment_then_the_file_then_the_manifest() {
        let on = "[shards.\"nexus:logistics\"]\nenabled = true\n";
        assert!(!switched("", &[], None));
        assert!(switched(on, &[], None));
        assert!(switched("", &[("ENABLE_LOGISTICS", "true")], None));
        assert!(!switched(on, &[("ENABLE_LOGISTICS", "false")], None));
        let turned = Entry { enabled: Some(true), ..Entry::default() };
        assert!(switched("", &[], Some(&turned)));
    }
}
