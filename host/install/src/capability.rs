//! What a shard asks for, in words that a person understands, and as a digest to agree to.
//!
//! The operator agrees to a set of capabilities, not to a version: a new version that asks for the same needs no new
//! question, one that asks for more is not granted it. So the digest covers everything that decides what the shard can
//! reach, defaults included (a default may name the destination), and nothing else; and whatever it covers is in the
//! sentences, because nobody agrees to what they were not shown.

use std::collections::BTreeMap;

use nexus_package::{
    AuthProfile, ConfigDeclaration, ConfigKey, ConfigKind, Digest, HttpDestination, Manifest, ProfileName, UrlTemplate,
};
use serde::Serialize;

/// The capabilities that a manifest asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Capabilities {
    sentences: Vec<String>,
    digest: Digest,
}

/// What the digest is taken of. Its JSON must not change: every consent given would be void.
#[derive(Serialize)]
struct Asked<'a> {
    http: Vec<(String, Vec<&'a str>, Option<&'a ProfileName>)>,
    auth: &'a BTreeMap<ProfileName, AuthProfile>,
    config: BTreeMap<&'a ConfigKey, (ConfigKind, Option<&'a str>)>,
}

impl Asked<'_> {
    fn digest(&self) -> Digest {
        #[expect(clippy::expect_used, reason = "every key is a string, and no value in it can fail to serialise")]
        let json = serde_json::to_vec(self).expect("capabilities serialise");
        Digest::of(&json)
    }
}

impl Capabilities {
    /// The capabilities that `manifest` asks for.
    pub fn of(manifest: &Manifest) -> Self {
        let mut http: Vec<_> = manifest.http.iter().map(asked).collect();
        http.sort();
        let config = manifest.config.iter().map(|(key, value)| (key, (value.kind, value.default.as_deref()))).collect();
        let asked = Asked { http, auth: &manifest.auth, config };
        let sentences = manifest
            .http
            .iter()
            .map(|destination| reach(destination, manifest))
            .chain(manifest.auth.iter().map(|(name, profile)| credentials(name, profile, manifest)))
            .chain(settings(manifest))
            .collect();
        Self { sentences, digest: asked.digest() }
    }

    /// One sentence per capability, such as "may send HTTPS requests (POST) to apis.fedex.com, with the credentials of
    /// profile fedex". Empty when the shard only computes.
    pub fn sentences(&self) -> &[String] {
        &self.sentences
    }

    /// The digest that stands for them in a [`Consent`](crate::Consent).
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

fn asked(destination: &HttpDestination) -> (String, Vec<&str>, Option<&ProfileName>) {
    let mut methods: Vec<_> = destination.methods.iter().map(String::as_str).collect();
    methods.sort_unstable();
    (destination.url.to_string(), methods, destination.auth.as_ref())
}

fn reach(destination: &HttpDestination, manifest: &Manifest) -> String {
    let (_, methods, profile) = asked(destination);
    let methods = methods.join(", ");
    let with = profile.map(|profile| format!(", with the credentials of profile {profile}")).unwrap_or_default();
    format!(
        "may send {} requests ({methods}) to {}{with}",
        scheme(&destination.url, manifest),
        place(&destination.url, manifest)
    )
}

fn credentials(name: &ProfileName, profile: &AuthProfile, manifest: &Manifest) -> String {
    let what = match profile {
        AuthProfile::OAuth2ClientCredentials { token_url, client_id, client_secret, scope } => {
            let scope = scope.as_ref().map(|scope| format!(" for the scope {scope:?}")).unwrap_or_default();
            let place = place(token_url, manifest);
            format!("the secrets {client_id} and {client_secret}, sent to {place} for a token{scope}")
        }
        AuthProfile::Bearer { token } => format!("the secret {token}, sent as a bearer token"),
        AuthProfile::ApiKey { header, key } => format!("the secret {key}, sent in the header {header}"),
    };
    format!("may have the host prove who is asking, as profile {name}, without seeing the proof: {what}")
}

/// One sentence for all settings.
fn settings(manifest: &Manifest) -> Option<String> {
    let all: Vec<_> = manifest.config.iter().map(|(key, declaration)| setting(key, declaration)).collect();
    (!all.is_empty()).then(|| format!("may read the settings {}", all.join(", ")))
}

fn setting(key: &ConfigKey, declaration: &ConfigDeclaration) -> String {
    let kind = match declaration.kind {
        ConfigKind::String => "text",
        ConfigKind::Integer => "whole number",
        ConfigKind::Number => "number",
        ConfigKind::Boolean => "true or false",
        ConfigKind::Url => "address",
    };
    // Escaped, because a manifest's author chose it and a terminal obeys some characters.
    let default = declaration.default.as_ref().map(|value| format!(", else {value:?}")).unwrap_or_default();
    format!("{key} ({kind}{default})")
}

/// The default of the setting that `url` begins with, when it has one.
fn default<'a>(url: &UrlTemplate, manifest: &'a Manifest) -> Option<&'a str> {
    manifest.config.get(url.config_key()?)?.default.as_deref()
}

/// An address written out in a manifest, and the default of a setting, is always https; an operator's value may not be.
fn scheme(url: &UrlTemplate, manifest: &Manifest) -> &'static str {
    if url.config_key().is_none() || default(url, manifest).is_some() { "HTTPS" } else { "HTTP" }
}

/// An address in words: itself, or the default of the setting that holds it.
fn place(url: &UrlTemplate, manifest: &Manifest) -> String {
    let written = url.to_string();
    let Some(key) = url.config_key() else {
        return written.trim_start_matches("https://").to_owned();
    };
    let path = written.split_once('}').map_or("", |(_, path)| path);
    match default(url, manifest) {
        Some(host) => format!("{}{path} (or where you set {key})", host.trim_start_matches("https://")),
        None if path.is_empty() => format!("the address that you set as {key}"),
        None => format!("{path} at the address that you set as {key}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGISTICS: &str = r#"
        [shard]
        name = "nexus:logistics"
        version = "1.0.0"
        description = "Track parcels"
        license = "Apache-2.0"
        contract = "0.1"
        [config.FEDEX_API_URL]
        type = "url"
        default = "https://apis.fedex.com"
        description = "Where FedEx answers"
        [[http]]
        url = "{config:FEDEX_API_URL}"
        methods = ["POST", "GET"]
        auth = "fedex"
        [[http]]
        url = "https://status.fedex.com/v1"
        methods = ["GET"]
        [auth.fedex]
        kind = "oauth2-client-credentials"
        token_url = "{config:FEDEX_API_URL}/oauth/token"
        client_id = { secret = "FEDEX_API_KEY" }
        client_secret = { secret = "FEDEX_API_SECRET" }
    "#;

    fn of(toml: &str) -> Capabilities {
        Capabilities::of(&Manifest::from_toml(toml).unwrap())
    }

    #[test]
    fn says_what_a_shard_asks_for_in_words() {
        assert_eq!(
            of(LOGISTICS).sentences(),
            [
                "may send HTTPS requests (GET, POST) to apis.fedex.com (or where you set FEDEX_API_URL), with the credentials \
                 of profile fedex",
                "may send HTTPS requests (GET) to status.fedex.com/v1",
                "may have the host prove who is asking, as profile fedex, without seeing the proof: the secrets FEDEX_API_KEY \
                 and FEDEX_API_SECRET, sent to apis.fedex.com/oauth/token (or where you set FEDEX_API_URL) for a token",
                "may read the settings FEDEX_API_URL (address, else \"https://apis.fedex.com\")",
            ]
        );
    }

    #[test]
    fn a_shard_that_only_computes_asks_for_nothing() {
        let computes = LOGISTICS.split("[config").next().unwrap();
        assert!(of(computes).sentences().is_empty());
    }

    #[test]
    fn agreement_outlives_what_is_no_capability() {
        for (old, new) in [
            ("version = \"1.0.0\"", "version = \"1.0.1\""),
            ("Where FedEx answers", "Where it answers"),
            ("[\"POST\", \"GET\"]", "[\"GET\", \"POST\"]"),
        ] {
            assert!(LOGISTICS.contains(old));
            assert_eq!(of(&LOGISTICS.replace(old, new)).digest(), of(LOGISTICS).digest(), "{new}");
        }
    }

    #[test]
    fn whatever_changes_what_is_agreed_to_is_shown() {
        for (old, new) in [
            ("status.fedex.com/v1", "status.fedex.com"),
            ("https://apis.fedex.com", "https://apis.fedex.example"),
            ("[\"GET\"]", "[\"DELETE\"]"),
            ("auth = \"fedex\"", ""),
            ("FEDEX_API_KEY", "AWS_ACCESS_KEY_ID"),
            ("/oauth/token", "/oauth/v2/token"),
            ("client_secret =", "scope = \"all\"\nclient_secret ="),
            ("[config.FEDEX_API_URL]", "[config.PATH]\n[config.FEDEX_API_URL]"),
        ] {
            assert!(LOGISTICS.contains(old));
            let changed = of(&LOGISTICS.replace(old, new));
            assert_ne!(changed.digest(), of(LOGISTICS).digest(), "{new}");
            assert_ne!(changed.sentences(), of(LOGISTICS).sentences(), "{new}");
        }
    }
}
