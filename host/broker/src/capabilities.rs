//! What a shard asks for, in words for the person who decides.
//!
//! `nexus install` shows these sentences before it asks, and `nexus list` shows them later. They are made of parsed addresses,
//! not of the manifest's text, so that they say what the broker will compare.

use nexus_package::{AuthProfile, HttpDestination, Manifest, ProfileName, UrlTemplate};
use url::Url;

/// One sentence for each destination that `manifest` declares; none when the shard only computes.
///
/// `config` gives the operator's value of a setting; the manifest's default stands in for it.
pub fn in_words(manifest: &Manifest, config: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let value = |key: &str| config(key).or_else(|| manifest.config.get(key)?.default.clone());
    manifest
        .http
        .iter()
        .map(|destination| sentence(manifest, destination, &value))
        .collect()
}

fn sentence(manifest: &Manifest, destination: &HttpDestination, value: &dyn Fn(&str) -> Option<String>) -> String {
    let methods = destination.methods.join(", ");
    let request = match destination.url.resolve(value) {
        Ok(url) if url.scheme() == "https" => format!("may send HTTPS requests ({methods}) to {}", place(&url)),
        Ok(url) => format!("may send unencrypted HTTP requests ({methods}) to {}", place(&url)),
        Err(_) => format!("may send requests ({methods}) to {}", unknown(&destination.url)),
    };
    let profile = destination
        .auth
        .as_ref()
        .and_then(|name| Some((name, manifest.auth.get(name)?)));
    match profile {
        Some((name, profile)) => format!("{request}, {}", credentials(name, profile, value)),
        None => request,
    }
}

/// Host, port and path prefix.
fn place(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!(
        "{}{port}{}",
        url.host_str().unwrap_or_default(),
        url.path().trim_end_matches('/')
    )
}

/// An address that a setting without a usable value names.
fn unknown(template: &UrlTemplate) -> String {
    match template.config_key() {
        Some(key) => format!("the address that you set as {key}"),
        None => template.to_string(),
    }
}

fn credentials(name: &ProfileName, profile: &AuthProfile, value: &dyn Fn(&str) -> Option<String>) -> String {
    let secrets: Vec<_> = profile.secrets().map(ToString::to_string).collect();
    let noun = if secrets.len() == 1 { "secret" } else { "secrets" };
    let sent = match profile {
        AuthProfile::OAuth2ClientCredentials { token_url, .. } => {
            let endpoint = token_url
                .resolve(value)
                .map_or_else(|_| unknown(token_url), |url| url.to_string());
            format!(", sent to {endpoint}")
        }
        AuthProfile::Bearer { .. } | AuthProfile::ApiKey { .. } => ", sent with each request".to_owned(),
    };
    format!(
        "with the credentials of profile {name} ({noun} {}{sent})",
        secrets.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::tests::manifest;

    fn fedex() -> Manifest {
        manifest(
            r#"
            [config.FEDEX_API_URL]
            type = "url"
            default = "https://apis.fedex.com"
            [config.OTHER_URL]
            type = "url"
            [[http]]
            url = "{config:FEDEX_API_URL}"
            methods = ["POST"]
            auth = "fedex"
            [[http]]
            url = "{config:OTHER_URL}/v1"
            methods = ["GET", "PUT"]
            auth = "key"
            [[http]]
            url = "https://public.example:8443/data"
            methods = ["GET"]
            [auth.fedex]
            kind = "oauth2-client-credentials"
            token_url = "{config:FEDEX_API_URL}/oauth/token"
            client_id = { secret = "FEDEX_API_KEY" }
            client_secret = { secret = "FEDEX_API_SECRET" }
            [auth.key]
            kind = "api-key"
            header = "x-api-key"
            key = { secret = "OTHER_KEY" }
            "#,
        )
    }

    #[test]
    fn tells_where_requests_go_and_which_secrets_go_along() {
        assert_eq!(
            in_words(&fedex(), |_| None),
            [
                "may send HTTPS requests (POST) to apis.fedex.com, with the credentials of profile fedex \
                 (secrets FEDEX_API_KEY, FEDEX_API_SECRET, sent to https://apis.fedex.com/oauth/token)",
                "may send requests (GET, PUT) to the address that you set as OTHER_URL, with the credentials of profile key \
                 (secret OTHER_KEY, sent with each request)",
                "may send HTTPS requests (GET) to public.example:8443/data",
            ]
        );
    }

    #[test]
    fn tells_the_operators_address_and_that_it_is_not_encrypted() {
        let sentences = in_words(&fedex(), |key| {
            (key == "OTHER_URL").then(|| "http://10.1.2.3:8080".to_owned())
        });
        assert!(sentences.iter().any(|sentence| {
            sentence.starts_with("may send unencrypted HTTP requests (GET, PUT) to 10.1.2.3:8080/v1, with")
        }));
    }

    #[test]
    fn a_shard_that_only_computes_asks_for_nothing() {
        assert!(in_words(&manifest(""), |_| None).is_empty());
    }
}
