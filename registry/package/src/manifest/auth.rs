//! `[auth.NAME]`: how the host proves who is asking. The shard names the secrets and never sees them.

use serde::{Deserialize, Serialize};

use super::error::{ManifestFault, Misfit};
use super::{SecretName, UrlTemplate};
use crate::place::KeyPath;

/// How credentials are attached to the requests of one destination.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "kind")]
pub enum AuthProfile {
    /// OAuth 2.0 client credentials (RFC 6749, section 4.4): the host fetches, keeps and renews the token.
    #[serde(rename = "oauth2-client-credentials")]
    OAuth2ClientCredentials {
        /// Where the token is fetched.
        token_url: UrlTemplate,
        /// The client's identifier.
        client_id: SecretName,
        /// The client's secret.
        client_secret: SecretName,
        /// The scope to ask for, words separated by one space.
        #[serde(skip_serializing_if = "Option::is_none")]
        scope: Option<String>,
    },
    /// A fixed token, sent as `Authorization: Bearer`.
    #[serde(rename = "bearer")]
    Bearer {
        /// The token.
        token: SecretName,
    },
    /// A fixed key in a header of its own.
    #[serde(rename = "api-key")]
    ApiKey {
        /// The header's name.
        header: String,
        /// The key.
        key: SecretName,
    },
}

impl AuthProfile {
    /// The secrets that this profile uses.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretName> {
        let (first, second) = match self {
            Self::OAuth2ClientCredentials { client_id, client_secret, .. } => (client_id, Some(client_secret)),
            Self::Bearer { token } => (token, None),
            Self::ApiKey { key, .. } => (key, None),
        };
        [Some(first), second].into_iter().flatten()
    }
}

#[derive(Clone, Copy, Deserialize)]
enum AuthKind {
    #[serde(rename = "oauth2-client-credentials")]
    OAuth2ClientCredentials,
    #[serde(rename = "bearer")]
    Bearer,
    #[serde(rename = "api-key")]
    ApiKey,
}

/// A profile as written. Flat, because serde forgets the places of errors inside tagged enums.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuthDraft {
    kind: AuthKind,
    token_url: Option<UrlTemplate>,
    client_id: Option<SecretName>,
    client_secret: Option<SecretName>,
    scope: Option<String>,
    token: Option<SecretName>,
    header: Option<String>,
    key: Option<SecretName>,
}

impl AuthDraft {
    /// Checks that the fields are those of the kind.
    pub(super) fn check(self, at: &KeyPath) -> Result<AuthProfile, Misfit> {
        let Self { kind, token_url, client_id, client_secret, scope, token, header, key } = self;
        let expected: &[&str] = match kind {
            AuthKind::OAuth2ClientCredentials => &["token_url", "client_id", "client_secret", "scope"],
            AuthKind::Bearer => &["token"],
            AuthKind::ApiKey => &["header", "key"],
        };
        let written = [
            ("token_url", token_url.is_some()),
            ("client_id", client_id.is_some()),
            ("client_secret", client_secret.is_some()),
            ("scope", scope.is_some()),
            ("token", token.is_some()),
            ("header", header.is_some()),
            ("key", key.is_some()),
        ];
        if let Some((foreign, _)) = written.into_iter().find(|(name, given)| *given && !expected.contains(name)) {
            return Err(Misfit::new(at.key(foreign), ManifestFault::ForeignField));
        }
        Ok(match kind {
            AuthKind::OAuth2ClientCredentials => {
                if !scope.as_deref().is_none_or(is_scope) {
                    return Err(Misfit::new(at.key("scope"), ManifestFault::Scope));
                }
                AuthProfile::OAuth2ClientCredentials {
                    token_url: given(token_url, at, "token_url")?,
                    client_id: given(client_id, at, "client_id")?,
                    client_secret: given(client_secret, at, "client_secret")?,
                    scope,
                }
            }
            AuthKind::Bearer => AuthProfile::Bearer { token: given(token, at, "token")? },
            AuthKind::ApiKey => {
                let header = given(header, at, "header")?;
                if !is_credential_header(&header) {
                    return Err(Misfit::new(at.key("header"), ManifestFault::Header));
                }
                AuthProfile::ApiKey { header, key: given(key, at, "key")? }
            }
        })
    }
}

fn given<T>(value: Option<T>, at: &KeyPath, field: &'static str) -> Result<T, Misfit> {
    value.ok_or_else(|| Misfit::new(at.key(field), ManifestFault::MissingField))
}

/// Words of RFC 6749's `scope-token` (section 3.3) separated by one space.
fn is_scope(scope: &str) -> bool {
    let in_word = |byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    scope.len() <= 1_000 && scope.split(' ').all(|word| !word.is_empty() && word.bytes().all(in_word))
}

/// A field name of HTTP (RFC 9110, section 5.1) that does not steer the message itself.
fn is_credential_header(header: &str) -> bool {
    const STEERING: [&str; 11] = [
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "expect",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    ];
    let in_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let lower = header.to_ascii_lowercase();
    (1..=64).contains(&header.len())
        && header.bytes().all(in_token)
        && !STEERING.contains(&lower.as_str())
        && !lower.starts_with("proxy-")
}
