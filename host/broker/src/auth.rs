//! Proving to a destination who is asking, without the shard.
//!
//! A profile's credential is made here, attached to the request after the shard's headers were checked, and cleared out of the
//! response. It goes only where an egress grant names the profile; a redirect elsewhere gets nothing. No secret is in an error,
//! a log line or a `Debug` text: errors name the keys that the operator sets.

mod fixed;
mod oauth2;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue, header};
use nexus_package::{AuthProfile, Manifest, ProfileName, SecretName};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use self::{fixed::FixedCredential, oauth2::ClientCredentials};
use crate::{
    config::Settings,
    grant::{GrantError, resolve},
    http::{egress::EgressPolicy, error::HttpError, exchange::Exchange},
    scope::CallScope,
};

/// One header with a credential in it.
pub(crate) struct Credential {
    name: HeaderName,
    value: HeaderValue,
    /// What must not come back to the shard: the credential and the secrets behind it.
    secrets: Vec<SecretString>,
    /// Which of a profile's tokens it is; none when it cannot be renewed.
    token: Option<u64>,
}

impl Credential {
    pub(crate) fn header(&self) -> (&HeaderName, &HeaderValue) {
        (&self.name, &self.value)
    }

    pub(crate) fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        self.secrets.iter()
    }

    /// Whether asking again may bring another credential.
    pub(crate) fn is_renewable(&self) -> bool {
        self.token.is_some()
    }

    /// `Authorization: Bearer …` (RFC 6750 §2.1), or none when `token` holds what a header cannot carry.
    fn bearer(token: &SecretString, behind: &[SecretString], number: Option<u64>) -> Option<Self> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).ok()?;
        value.set_sensitive(true);
        let secrets = [token].into_iter().chain(behind).cloned().collect();
        Some(Self { name: header::AUTHORIZATION, value, secrets, token: number })
    }
}

/// The request on whose behalf a token may have to be fetched: that passes the same checks, within the same deadline.
pub(crate) struct Errand<'a> {
    pub(crate) egress: &'a EgressPolicy,
    pub(crate) exchange: &'a Exchange,
    pub(crate) scope: &'a CallScope,
    pub(crate) deadline: Instant,
}

/// All authentication profiles of one shard.
pub(crate) struct Profiles(BTreeMap<ProfileName, Profile>);

enum Profile {
    /// These keys have no value. The shard loads all the same, and a call says so.
    Incomplete(Vec<String>),
    Fixed(FixedCredential),
    ClientCredentials(Box<ClientCredentials>),
}

impl Profiles {
    /// Joins the manifest's profiles with the operator's secrets.
    ///
    /// # Errors
    /// [`GrantError::UnknownSecret`], [`GrantError::InvalidSecret`], [`GrantError::InvalidAddress`].
    pub(crate) fn new(
        manifest: &Manifest,
        settings: &Settings,
        secrets: &BTreeMap<String, SecretString>,
    ) -> Result<Self, GrantError> {
        let known = manifest.secret_names();
        if let Some(name) = secrets.keys().find(|name| !known.iter().any(|known| known.as_str() == name.as_str())) {
            return Err(GrantError::UnknownSecret { name: name.clone() });
        }
        let profiles = manifest.auth.iter().map(|(name, declared)| {
            let profile = Profile::new(declared, settings, secrets)?;
            Ok((name.clone(), profile))
        });
        Ok(Self(profiles.collect::<Result<_, _>>()?))
    }

    /// The keys without a value that keep profiles from working.
    pub(crate) fn missing(&self) -> impl Iterator<Item = &String> {
        self.0.values().flat_map(|profile| match profile {
            Profile::Incomplete(keys) => keys.as_slice(),
            Profile::Fixed(_) | Profile::ClientCredentials(_) => &[],
        })
    }

    /// The credential of `profile`; another one than `rejected`, if that is given.
    ///
    /// # Errors
    /// [`HttpError::CredentialsMissing`], [`HttpError::CredentialsRefused`], [`HttpError::TokenEndpointUnavailable`], or what
    /// denied the token request.
    pub(crate) async fn credential(
        &self,
        profile: &ProfileName,
        errand: &Errand<'_>,
        rejected: Option<&Credential>,
    ) -> Result<Credential, HttpError> {
        let missing = |secrets| HttpError::CredentialsMissing { profile: profile.to_string(), secrets };
        match self.0.get(profile) {
            None => Err(missing(Vec::new())),
            Some(Profile::Incomplete(keys)) => Err(missing(keys.clone())),
            Some(Profile::Fixed(fixed)) => Ok(fixed.credential()),
            Some(Profile::ClientCredentials(credentials)) => {
                credentials.credential(profile, errand, rejected.and_then(|credential| credential.token)).await
            }
        }
    }
}

impl Profile {
    fn new(
        declared: &AuthProfile,
        settings: &Settings,
        secrets: &BTreeMap<String, SecretString>,
    ) -> Result<Self, GrantError> {
        let given = |name: &SecretName| secrets.get(name.as_str()).filter(|secret| !secret.expose_secret().is_empty());
        let absent = |name: &&SecretName| given(name).is_none();
        let mut missing: Vec<_> = declared.secrets().filter(absent).map(ToString::to_string).collect();
        let invalid = |name: &SecretName| GrantError::InvalidSecret { name: name.to_string() };
        let complete = match declared {
            AuthProfile::Bearer { token } => given(token)
                .map(|secret| FixedCredential::bearer(secret).ok_or_else(|| invalid(token)).map(Self::Fixed))
                .transpose()?,
            AuthProfile::ApiKey { header, key } => given(key)
                .map(|secret| FixedCredential::api_key(header, secret).ok_or_else(|| invalid(key)).map(Self::Fixed))
                .transpose()?,
            AuthProfile::OAuth2ClientCredentials { token_url, client_id, client_secret, scope } => {
                let endpoint = resolve(token_url, settings)?;
                if endpoint.is_none() {
                    missing.extend(token_url.config_key().map(ToString::to_string));
                }
                match (endpoint, given(client_id), given(client_secret)) {
                    (Some(endpoint), Some(id), Some(secret)) => {
                        let id = (client_id.clone(), id.clone());
                        let secret = (client_secret.clone(), secret.clone());
                        let credentials = ClientCredentials::new(endpoint, id, secret, scope.clone());
                        Some(Self::ClientCredentials(Box::new(credentials)))
                    }
                    _ => None,
                }
            }
        };
        Ok(complete.unwrap_or(Self::Incomplete(missing)))
    }
}
