//! What the operator allows one shard, joined with what its manifest declares.
//!
//! Both must say yes. By default the operator says no to everything, so that a shard dropped into a folder can compute and
//! nothing else. One thing is granted by another: an operator who gives a value to the setting that names a destination
//! (`{config:HELIX_BASE_URL}`) means that destination to be reached.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use http::Method;
use nexus_package::{InvalidConfigValue, Manifest, ProfileName, UrlTemplate, UrlTemplateError};
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    config::Settings,
    http::{
        address::{AddressBlock, AddressRule},
        egress::{Destination, EgressPolicy, EgressRule, TargetUrl},
    },
};

/// What the operator gives to one shard. The default gives nothing.
#[derive(Clone, Debug, Default)]
pub struct OperatorGrant {
    /// Which of the declared destinations it may reach.
    pub http: HttpGrant,
    /// Which of the declared authentication profiles it may use.
    pub profiles: ProfileGrant,
    /// Loopback, private and other addresses that are not public, which it may reach all the same.
    pub private_addresses: Vec<AddressBlock>,
    /// Values of declared settings. The value of a setting that names a destination grants that destination, unless
    /// [`HttpGrant::Only`] lists what is granted.
    pub config: BTreeMap<String, String>,
    /// Values of the secrets that the profiles name. An empty value counts as none.
    pub secrets: BTreeMap<String, SecretString>,
}

/// Which of a manifest's destinations are granted.
#[derive(Clone, Debug, Default)]
pub enum HttpGrant {
    /// None but those whose setting has an operator's value.
    #[default]
    Nothing,
    /// All of them.
    Declared,
    /// What both the manifest and one of these rules allow.
    Only(Vec<DestinationRule>),
}

/// Which of a manifest's authentication profiles are granted, with the sending of their secrets to their token endpoints.
#[derive(Clone, Debug, Default)]
pub enum ProfileGrant {
    /// None.
    #[default]
    Nothing,
    /// All of them.
    Declared,
    /// These.
    Only(BTreeSet<ProfileName>),
}

/// An operator's rule: `https://api.example/v1` for all declared methods, or `GET,POST https://api.example/v1`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct DestinationRule {
    /// Empty for all that the manifest declares.
    methods: Vec<Method>,
    target: TargetUrl,
}

/// The text is no rule on destinations.
#[derive(Debug, thiserror::Error)]
#[error("expected `https://host/path` or `GET,POST https://host/path`: {0}")]
pub struct InvalidDestinationRule(&'static str);

impl FromStr for DestinationRule {
    type Err = InvalidDestinationRule;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (methods, url) = text.trim().rsplit_once(' ').unwrap_or(("", text.trim()));
        let methods = methods
            .split(',')
            .map(str::trim)
            .filter(|method| !method.is_empty())
            .map(|method| Method::from_str(method).map_err(|_| InvalidDestinationRule("a method is not one")))
            .collect::<Result<_, _>>()?;
        let target = TargetUrl::parse(url).map_err(InvalidDestinationRule)?;
        if target.url().query().is_some() {
            return Err(InvalidDestinationRule("a rule has no query"));
        }
        Ok(Self { methods, target })
    }
}

impl TryFrom<String> for DestinationRule {
    type Error = InvalidDestinationRule;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for DestinationRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods: Vec<_> = self.methods.iter().map(Method::as_str).collect();
        if !methods.is_empty() {
            write!(formatter, "{} ", methods.join(","))?;
        }
        self.target.url().fmt(formatter)
    }
}

impl DestinationRule {
    /// What this rule allows, given the methods that the manifest declares.
    fn destination(&self, declared: &[Method]) -> Destination {
        let methods = if self.methods.is_empty() { declared } else { &self.methods };
        Destination::new(&self.target, methods.to_vec())
    }
}

/// Why an operator's grant does not fit a manifest.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// A value for a setting that the manifest does not declare.
    #[error("the shard declares no setting `{key}`")]
    UnknownConfig {
        /// The setting.
        key: String,
    },
    /// A value that is not of the declared kind.
    #[error("the value of `{key}` does not fit: {reason}")]
    InvalidConfig {
        /// The setting.
        key: String,
        /// What its kind asks for.
        reason: InvalidConfigValue,
    },
    /// A secret that none of the manifest's profiles names.
    #[error("the shard names no secret `{name}`")]
    UnknownSecret {
        /// The secret's name.
        name: String,
    },
    /// A secret that cannot be sent in a header.
    #[error("the value of the secret `{name}` holds a line break or another character that a header cannot carry")]
    InvalidSecret {
        /// The secret's name.
        name: String,
    },
    /// A profile that the manifest does not declare.
    #[error("the shard declares no authentication profile `{profile}`")]
    UnknownProfile {
        /// The profile's name.
        profile: String,
    },
    /// A destination or token endpoint whose setting's value is no usable address.
    #[error("the address `{template}` cannot be used: {reason}")]
    InvalidAddress {
        /// As the manifest writes it.
        template: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl GrantError {
    /// Stable across releases; documented in this crate's README.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownConfig { .. } => "config-unknown",
            Self::InvalidConfig { .. } => "config-invalid",
            Self::UnknownSecret { .. } => "secret-unknown",
            Self::InvalidSecret { .. } => "secret-invalid",
            Self::UnknownProfile { .. } => "profile-unknown",
            Self::InvalidAddress { .. } => "address-invalid",
        }
    }
}

/// Reads an address of the manifest, with the settings' values in it; none when its setting has no value.
///
/// # Errors
/// [`GrantError::InvalidAddress`] when the value is no usable address.
pub(crate) fn resolve(template: &UrlTemplate, settings: &Settings) -> Result<Option<TargetUrl>, GrantError> {
    let invalid = |reason: String| GrantError::InvalidAddress { template: template.to_string(), reason };
    match template.resolve(|key| settings.get(key).map(str::to_owned)) {
        Err(UrlTemplateError::Missing(_)) => Ok(None),
        Err(error) => Err(invalid(error.to_string())),
        Ok(url) => TargetUrl::from_url(url).map(Some).map_err(|reason| invalid(reason.to_owned())),
    }
}

/// Joins the manifest's destinations with the grant.
///
/// # Errors
/// [`GrantError::InvalidAddress`], [`GrantError::UnknownProfile`].
pub(crate) fn egress(
    manifest: &Manifest,
    settings: &Settings,
    http: &HttpGrant,
    profiles: &ProfileGrant,
    addresses: AddressRule,
) -> Result<EgressPolicy, GrantError> {
    let mut granted = Vec::new();
    let mut declared = Vec::new();
    for declaration in &manifest.http {
        let Some(target) = resolve(&declaration.url, settings)? else {
            continue;
        };
        let methods: Vec<_> = declaration.methods.iter().filter_map(|method| Method::from_str(method).ok()).collect();
        let destination = Destination::new(&target, methods.clone());
        let by_value = declaration.url.config_key().is_some_and(|key| settings.is_operators(key));
        let allowed = match http {
            HttpGrant::Declared => vec![destination.clone()],
            HttpGrant::Nothing if by_value => vec![destination.clone()],
            HttpGrant::Nothing => Vec::new(),
            HttpGrant::Only(rules) => {
                rules.iter().filter_map(|rule| destination.intersection(&rule.destination(&methods))).collect()
            }
        };
        let rule = |destination| EgressRule { destination, profile: declaration.auth.clone() };
        granted.extend(allowed.into_iter().map(rule));
        declared.push(destination);
    }
    Ok(EgressPolicy { granted, declared, profiles: granted_profiles(manifest, profiles)?, addresses })
}

fn granted_profiles(manifest: &Manifest, grant: &ProfileGrant) -> Result<BTreeSet<ProfileName>, GrantError> {
    match grant {
        ProfileGrant::Nothing => Ok(BTreeSet::new()),
        ProfileGrant::Declared => Ok(manifest.auth.keys().cloned().collect()),
        ProfileGrant::Only(names) => match names.iter().find(|name| !manifest.auth.contains_key(*name)) {
            Some(unknown) => Err(GrantError::UnknownProfile { profile: unknown.to_string() }),
            None => Ok(names.clone()),
        },
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A manifest with these sections after `[shard]`.
    pub(crate) fn manifest(sections: &str) -> Manifest {
        let shard = r#"
            [shard]
            name = "acme:probe"
            version = "1.0.0"
            description = "A shard for tests"
            license = "Apache-2.0"
            contract = "0.1"
            kind = "tool"
        "#;
        Manifest::from_toml(&format!("{shard}\n{sections}")).unwrap()
    }

    const SECTIONS: &str = r#"
        [config.BASE]
        type = "url"
        default = "https://default.example"
        [[http]]
        url = "{config:BASE}/v1"
        methods = ["GET", "POST"]
        [[http]]
        url = "https://fixed.example"
        methods = ["GET"]
    "#;

    fn reachable(http: &HttpGrant, base: Option<&str>, method: &Method, url: &str) -> bool {
        let manifest = manifest(SECTIONS);
        let values = base.map(|base| ("BASE".to_owned(), base.to_owned())).into_iter().collect();
        let settings = Settings::new(&manifest, values).unwrap();
        let policy = egress(&manifest, &settings, http, &ProfileGrant::Nothing, AddressRule::default()).unwrap();
        policy.check(method, TargetUrl::parse(url).unwrap()).is_ok()
    }

    fn only(rules: &[&str]) -> HttpGrant {
        HttpGrant::Only(rules.iter().map(|rule| rule.parse().unwrap()).collect())
    }

    #[test]
    fn nothing_is_reachable_without_a_grant() {
        assert!(!reachable(&HttpGrant::Nothing, None, &Method::GET, "https://default.example/v1"));
        assert!(!reachable(&HttpGrant::Nothing, None, &Method::GET, "https://fixed.example/"));
    }

    #[test]
    fn declared_grants_what_the_manifest_says_and_no_more() {
        assert!(reachable(&HttpGrant::Declared, None, &Method::POST, "https://default.example/v1/x"));
        assert!(!reachable(&HttpGrant::Declared, None, &Method::GET, "https://default.example/v2"));
        assert!(!reachable(&HttpGrant::Declared, None, &Method::POST, "https://fixed.example/"));
    }

    #[test]
    fn an_operators_address_is_a_grant_for_that_destination_alone() {
        let base = Some("https://customer.example/api");
        assert!(reachable(&HttpGrant::Nothing, base, &Method::GET, "https://customer.example/api/v1"));
        assert!(!reachable(&HttpGrant::Nothing, base, &Method::GET, "https://default.example/v1"));
        assert!(!reachable(&HttpGrant::Nothing, base, &Method::GET, "https://fixed.example/"));
    }

    #[test]
    fn a_list_narrows_what_is_declared_and_never_widens_it() {
        let list =
            only(&["GET https://default.example/v1/track", "https://other.example", "DELETE https://fixed.example"]);
        assert!(reachable(&list, None, &Method::GET, "https://default.example/v1/track/1"));
        assert!(!reachable(&list, None, &Method::POST, "https://default.example/v1/track/1"));
        assert!(!reachable(&list, None, &Method::GET, "https://default.example/v1"));
        assert!(!reachable(&list, None, &Method::GET, "https://other.example/"));
        assert!(!reachable(&list, None, &Method::DELETE, "https://fixed.example/"));
        assert!(!reachable(&list, Some("https://customer.example"), &Method::GET, "https://customer.example/v1"));
        assert!(reachable(&only(&["https://default.example"]), None, &Method::POST, "https://default.example/v1"));
    }

    #[test]
    fn reads_rules_as_people_write_them() {
        for text in ["https://api.example/v1", "GET,POST https://api.example/v1"] {
            assert_eq!(text.parse::<DestinationRule>().unwrap().to_string(), text);
        }
        for text in
            ["api.example", "GET", "G@T https://api.example", "https://u@api.example", "https://api.example?x", ""]
        {
            assert!(text.parse::<DestinationRule>().is_err(), "{text}");
        }
    }

    #[test]
    fn refuses_to_grant_a_profile_that_is_not_declared() {
        let grant = ProfileGrant::Only(BTreeSet::from(["fedex".parse().unwrap()]));
        assert_eq!(granted_profiles(&manifest(""), &grant).unwrap_err().code(), "profile-unknown");
    }
}
