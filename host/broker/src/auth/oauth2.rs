//! OAuth 2.0 client credentials (RFC 6749 §4.4): one token for each profile of a shard, fetched, kept and renewed here.
//!
//! The client's identifier and secret go in the form body (§2.3.1), which every vendor at hand accepts and FedEx asks for. One
//! renewal runs at a time; whoever waits for it shares its token, or its failure. The endpoint passes the same checks as a
//! shard's own requests, and follows no redirect, because its requests carry the secret in their body. What it answers is
//! never told on: an error page may quote the request.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use nexus_package::{ProfileName, SecretName};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use tokio::{
    sync::Mutex,
    time::{Duration, Instant, timeout_at},
};
use url::form_urlencoded;

use super::{Credential, Errand};
use crate::http::{egress::TargetUrl, error::HttpError, exchange::Outgoing, response::Answer, retry::Attempts};

/// How long a token is kept whose endpoint does not say.
const UNSTATED_LIFETIME: u64 = 300;

/// Longest time that a token is kept, whatever its endpoint says.
const LONGEST_LIFETIME: u64 = 24 * 3600;

/// A token is renewed this long before it expires, or a fifth of its lifetime before, whichever is less.
const MARGIN: Duration = Duration::from_mins(1);

/// One profile: where its token is fetched, with what, and the token.
pub(super) struct ClientCredentials {
    endpoint: TargetUrl,
    id: (SecretName, SecretString),
    secret: (SecretName, SecretString),
    scope: Option<String>,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    token: Option<Token>,
    fetched: u64,
    failure: Option<(Instant, HttpError)>,
}

struct Token {
    value: SecretString,
    renew_at: Instant,
    number: u64,
}

/// A successful answer of a token endpoint (RFC 6749 §5.1).
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: SecretText,
    #[serde(default)]
    token_type: Option<String>,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<u64>,
}

struct SecretText(SecretString);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

/// A number of seconds; some vendors write it as a text.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_u64().or_else(|| value.as_str().and_then(|text| text.parse().ok())))
}

impl ClientCredentials {
    pub(super) fn new(
        endpoint: TargetUrl,
        id: (SecretName, SecretString),
        secret: (SecretName, SecretString),
        scope: Option<String>,
    ) -> Self {
        Self { endpoint, id, secret, scope, cache: Mutex::default() }
    }

    /// The token that is kept, or a new one when it is about to expire or is the one that was `rejected`.
    pub(super) async fn credential(
        &self,
        profile: &ProfileName,
        errand: &Errand<'_>,
        rejected: Option<u64>,
    ) -> Result<Credential, HttpError> {
        let asked = Instant::now();
        let (mut cache, waited) = match self.cache.try_lock() {
            Ok(cache) => (cache, false),
            Err(_) => (timeout_at(errand.deadline, self.cache.lock()).await.map_err(|_| self.timed_out())?, true),
        };
        if let Some(token) = &cache.token
            && rejected != Some(token.number)
            && Instant::now() < token.renew_at
        {
            return self.attachable(profile, token);
        }
        if let Some((at, failure)) = &cache.failure
            && waited
            && asked <= *at
        {
            return Err(failure.clone());
        }
        match self.fetch(profile, errand).await {
            Ok((value, lifetime)) => {
                cache.fetched += 1;
                let margin = MARGIN.min(lifetime / 5);
                let token =
                    Token { value, renew_at: Instant::now() + lifetime.saturating_sub(margin), number: cache.fetched };
                let credential = self.attachable(profile, &token);
                cache.token = Some(token);
                credential
            }
            Err(failure) => {
                cache.token = None;
                // Another call's deadline may be later: only what would happen to it too is shared.
                let mine_alone = matches!(failure, HttpError::Timeout { .. } | HttpError::VolumeLimit { .. });
                cache.failure = (!mine_alone).then(|| (Instant::now(), failure.clone()));
                Err(failure)
            }
        }
    }

    fn attachable(&self, profile: &ProfileName, token: &Token) -> Result<Credential, HttpError> {
        let behind = [self.id.1.clone(), self.secret.1.clone()];
        Credential::bearer(&token.value, &behind, Some(token.number)).ok_or_else(|| unavailable(profile, NO_TOKEN))
    }

    async fn fetch(&self, profile: &ProfileName, errand: &Errand<'_>) -> Result<(SecretString, Duration), HttpError> {
        let grant = errand.egress.check_token_endpoint(profile, &self.endpoint)?;
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let body = self.form();
        // Asking twice for a token does no harm, so what fails in passing is asked again.
        let outgoing =
            Outgoing { grant: &grant, headers: &headers, body: &body, idempotent: true, deadline: errand.deadline };
        let answer = errand.exchange.run(errand.scope, &outgoing, &mut Attempts::none()).await;
        match answer {
            Ok(answer) => self.read(profile, &answer),
            Err(error @ (HttpError::ConnectFailed { .. } | HttpError::ResponseTooLarge { .. })) => {
                Err(unavailable(profile, &error.to_string()))
            }
            Err(error) => Err(error),
        }
    }

    fn form(&self) -> Bytes {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        form.append_pair("client_id", self.id.1.expose_secret());
        form.append_pair("client_secret", self.secret.1.expose_secret());
        if let Some(scope) = &self.scope {
            form.append_pair("scope", scope);
        }
        form.finish().into()
    }

    fn read(&self, profile: &ProfileName, answer: &Answer) -> Result<(SecretString, Duration), HttpError> {
        match answer.status {
            StatusCode::OK => {}
            // §5.2: 400 or 401 for every error in the request; some vendors say 403.
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let secrets = vec![self.id.0.to_string(), self.secret.0.to_string()];
                let status = answer.status.as_u16();
                return Err(HttpError::CredentialsRefused { profile: profile.to_string(), status, secrets });
            }
            other => {
                return Err(unavailable(profile, &format!("its endpoint answered with status {}", other.as_u16())));
            }
        }
        let answer: TokenAnswer = serde_json::from_slice(&answer.body).map_err(|_| unavailable(profile, NO_TOKEN))?;
        let is_bearer = answer.token_type.is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
        if !is_bearer || answer.access_token.0.expose_secret().is_empty() {
            return Err(unavailable(profile, NO_TOKEN));
        }
        let lifetime = answer.expires_in.unwrap_or(UNSTATED_LIFETIME).min(LONGEST_LIFETIME);
        Ok((answer.access_token.0, Duration::from_secs(lifetime)))
    }

    fn timed_out(&self) -> HttpError {
        HttpError::Timeout { destination: self.endpoint.origin().to_string() }
    }
}

const NO_TOKEN: &str = "its endpoint answered without a usable bearer token";

fn unavailable(profile: &ProfileName, cause: &str) -> HttpError {
    HttpError::TokenEndpointUnavailable { profile: profile.to_string(), cause: cause.to_owned() }
}
