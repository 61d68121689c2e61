//! What a manifest's values must be beyond their form: ranges, and references to what is declared.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;

use super::auth::AuthDraft;
use super::error::{ManifestFault, Misfit};
use super::limits::{MAX_DEADLINE, MAX_MEMORY};
use super::url_template::parse_literal;
use super::{
    AuthProfile, ConfigDeclaration, ConfigKey, HttpDestination, Manifest, ProfileName, RequestedLimits, ShardSection,
    ToolSection, UrlTemplate,
};
use crate::json::MAX_NUMBER;
use crate::place::KeyPath;
use crate::text::is_printable;

const MAX_DESCRIPTION: usize = 500;
const MAX_LICENSE: usize = 200;
const MAX_VERSION: usize = 64;
const MAX_CONFIG: usize = 128;
const MAX_CONFIG_VALUE: usize = 2_000;
const MAX_HTTP: usize = 32;
const MAX_AUTH: usize = 16;
const MAX_TOOLS: usize = 256;
/// As the contract says of `tool.name`.
const MAX_TOOL_NAME: usize = 48;
const MAX_METHOD: usize = 20;

/// A manifest whose values have their form and are not yet checked against each other.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Draft {
    shard: ShardSection,
    #[serde(default)]
    limits: RequestedLimits,
    #[serde(default)]
    config: BTreeMap<ConfigKey, ConfigDeclaration>,
    #[serde(default)]
    http: Vec<HttpDestination>,
    #[serde(default)]
    auth: BTreeMap<ProfileName, AuthDraft>,
    #[serde(default)]
    tools: BTreeMap<String, ToolSection>,
}

impl TryFrom<Draft> for Manifest {
    type Error = Misfit;

    fn try_from(draft: Draft) -> Result<Self, Misfit> {
        draft.check()
    }
}

impl Draft {
    pub(super) fn check(self) -> Result<Manifest, Misfit> {
        let root = KeyPath::default();
        let Self { shard, limits, config, http, auth, tools } = self;
        for (section, count, max) in [
            ("config", config.len(), MAX_CONFIG),
            ("http", http.len(), MAX_HTTP),
            ("auth", auth.len(), MAX_AUTH),
            ("tools", tools.len(), MAX_TOOLS),
        ] {
            ensure(count <= max, || root.key(section), ManifestFault::TooMany { max })?;
        }
        check_shard(&shard, &root.key("shard"))?;
        check_limits(&limits, &root.key("limits"))?;
        for (key, declaration) in &config {
            check_setting(declaration, &root.key("config").key(key))?;
        }
        let profiles = root.key("auth");
        let auth = auth
            .into_iter()
            .map(|(name, profile)| profile.check(&profiles.key(&name)).map(|profile| (name, profile)))
            .collect::<Result<BTreeMap<_, _>, _>>()?;
        for (name, profile) in &auth {
            check_profile(profile, &config, &profiles.key(name))?;
        }
        for (index, destination) in http.iter().enumerate() {
            check_destination(destination, &config, &auth, &root.key("http").index(index))?;
        }
        for (name, tool) in &tools {
            let at = root.key("tools").key(name);
            ensure(is_tool_name(name), || at.clone(), ManifestFault::ToolName)?;
            check_deadline(tool.deadline, &at)?;
        }
        Ok(Manifest { shard, limits, config, http, auth, tools })
    }
}

fn ensure(holds: bool, at: impl FnOnce() -> KeyPath, fault: ManifestFault) -> Result<(), Misfit> {
    if holds { Ok(()) } else { Err(Misfit::new(at(), fault)) }
}

fn check_shard(shard: &ShardSection, at: &KeyPath) -> Result<(), Misfit> {
    let version_fits = shard.version.build.is_empty() && shard.version.to_string().len() <= MAX_VERSION;
    ensure(version_fits, || at.key("version"), ManifestFault::Version)?;
    check_text(&shard.description, &at.key("description"))?;
    ensure(is_license(&shard.license), || at.key("license"), ManifestFault::License)
}

fn check_text(text: &str, at: &KeyPath) -> Result<(), Misfit> {
    let fault = ManifestFault::Text { max: MAX_DESCRIPTION };
    ensure(is_printable(text, MAX_DESCRIPTION), || at.clone(), fault)
}

fn check_limits(limits: &RequestedLimits, at: &KeyPath) -> Result<(), Misfit> {
    let fuel_fits = limits.fuel.is_none_or(|fuel| (1..=MAX_NUMBER).contains(&fuel));
    ensure(fuel_fits, || at.key("fuel"), ManifestFault::Range("1 to 2^53 units"))?;
    let memory_fits = limits.memory.is_none_or(|bytes| (1..=MAX_MEMORY).contains(&bytes));
    ensure(memory_fits, || at.key("memory"), ManifestFault::Range("1 B to 4 GiB"))?;
    check_deadline(limits.deadline, at)
}

fn check_deadline(deadline: Option<Duration>, at: &KeyPath) -> Result<(), Misfit> {
    let fits = deadline.is_none_or(|time| !time.is_zero() && time <= MAX_DEADLINE);
    ensure(fits, || at.key("deadline"), ManifestFault::Range("1ms to 1h"))
}

fn check_setting(declaration: &ConfigDeclaration, at: &KeyPath) -> Result<(), Misfit> {
    if let Some(default) = &declaration.default {
        let fault = ManifestFault::Text { max: MAX_CONFIG_VALUE };
        ensure(default.is_empty() || is_printable(default, MAX_CONFIG_VALUE), || at.key("default"), fault)?;
        declaration.kind.accepts(default).map_err(|error| Misfit::new(at.key("default"), error.into()))?;
    }
    declaration.description.as_deref().map_or(Ok(()), |text| check_text(text, &at.key("description")))
}

fn check_profile(
    profile: &AuthProfile,
    config: &BTreeMap<ConfigKey, ConfigDeclaration>,
    at: &KeyPath,
) -> Result<(), Misfit> {
    // Declared as a setting, the name would be handed to the guest with the operator's value.
    if let Some(secret) = profile.secrets().find(|secret| config.contains_key(secret.as_str())) {
        return Err(Misfit::new(at.clone(), ManifestFault::SecretIsConfig(secret.clone())));
    }
    match profile {
        AuthProfile::OAuth2ClientCredentials { token_url, .. } => {
            check_address(token_url, config, &at.key("token_url"))
        }
        AuthProfile::Bearer { .. } | AuthProfile::ApiKey { .. } => Ok(()),
    }
}

fn check_destination(
    destination: &HttpDestination,
    config: &BTreeMap<ConfigKey, ConfigDeclaration>,
    auth: &BTreeMap<ProfileName, AuthProfile>,
    at: &KeyPath,
) -> Result<(), Misfit> {
    check_address(&destination.url, config, &at.key("url"))?;
    ensure(!destination.methods.is_empty(), || at.key("methods"), ManifestFault::NoMethods)?;
    let mut seen = BTreeSet::new();
    for (index, method) in destination.methods.iter().enumerate() {
        let fits = is_method(method) && seen.insert(method);
        ensure(fits, || at.key("methods").index(index), ManifestFault::Method)?;
    }
    match &destination.auth {
        Some(profile) if !auth.contains_key(profile) => {
            Err(Misfit::new(at.key("auth"), ManifestFault::UndeclaredProfile(profile.clone())))
        }
        _ => Ok(()),
    }
}

/// An address by setting needs the setting, and the setting's default is the author's word like a literal address.
fn check_address(
    url: &UrlTemplate,
    config: &BTreeMap<ConfigKey, ConfigDeclaration>,
    at: &KeyPath,
) -> Result<(), Misfit> {
    let Some(key) = url.config_key() else { return Ok(()) };
    let Some(declaration) = config.get(key) else {
        return Err(Misfit::new(at.clone(), ManifestFault::UndeclaredConfig(key.clone())));
    };
    declaration.default.as_deref().map(parse_literal).transpose().map(drop).map_err(|error| {
        let default = KeyPath::default().key("config").key(key).key("default");
        Misfit::new(default, ManifestFault::DefaultAddress(error))
    })
}

fn is_license(text: &str) -> bool {
    let in_expression = |byte: u8| byte.is_ascii_alphanumeric() || b" .-+():".contains(&byte);
    text.len() <= MAX_LICENSE && !text.trim().is_empty() && text.bytes().all(in_expression)
}

fn is_method(text: &str) -> bool {
    (1..=MAX_METHOD).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase())
        && !matches!(text, "CONNECT" | "TRACE")
}

fn is_tool_name(text: &str) -> bool {
    (1..=MAX_TOOL_NAME).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}
