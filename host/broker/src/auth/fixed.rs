//! Credentials that are sent as the operator gave them: a bearer token, or a key in a header of its own.

use http::{HeaderName, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};

use super::Credential;

/// A credential that does not change and cannot be renewed.
pub(super) struct FixedCredential {
    name: HeaderName,
    value: HeaderValue,
    secret: SecretString,
}

impl FixedCredential {
    /// `Authorization: Bearer …`, or none when the token holds what a header cannot carry.
    pub(super) fn bearer(token: &SecretString) -> Option<Self> {
        Self::new(header::AUTHORIZATION, &format!("Bearer {}", token.expose_secret()), token)
    }

    /// `name: key`, or none when either cannot be a header's.
    pub(super) fn api_key(name: &str, key: &SecretString) -> Option<Self> {
        Self::new(HeaderName::from_bytes(name.as_bytes()).ok()?, key.expose_secret(), key)
    }

    fn new(name: HeaderName, value: &str, secret: &SecretString) -> Option<Self> {
        let mut value = HeaderValue::from_str(value).ok()?;
        value.set_sensitive(true);
        Some(Self { name, value, secret: secret.clone() })
    }

    pub(super) fn credential(&self) -> Credential {
        let secrets = vec![self.secret.clone()];
        Credential { name: self.name.clone(), value: self.value.clone(), secrets, token: None }
    }
}
