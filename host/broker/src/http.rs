//! One shard's outbound HTTP, from its request to its response.
//!
//! The order is the safety: read the request, check the hop, fetch its credentials, send it through breaker and retries, and
//! for a redirect begin again at the check. Credentials are attached after the shard's headers were checked and are cleared
//! out of what comes back.

pub(crate) mod address;
pub(crate) mod breaker;
pub(crate) mod client;
pub(crate) mod egress;
pub(crate) mod error;
pub(crate) mod exchange;
pub(crate) mod redirect;
pub(crate) mod request;
pub(crate) mod resolve;
pub(crate) mod response;
pub(crate) mod retry;
pub(crate) mod tls;

#[cfg(test)]
mod tests;

use http::{HeaderMap, StatusCode};
use secrecy::SecretString;
use tokio::time::Instant;

use self::{
    egress::{EgressGrant, EgressPolicy},
    error::{HttpError, HttpErrorKind},
    exchange::{Exchange, Outgoing},
    redirect::REDIRECTS,
    request::{Hop, HttpRequest},
    response::{Answer, HttpResponse},
    retry::{Attempts, is_idempotent},
};
use crate::{
    auth::{Credential, Errand, Profiles},
    scope::CallScope,
    settings::BrokerSettings,
};

/// All that one shard may send, and how.
pub(crate) struct ShardHttp {
    egress: EgressPolicy,
    profiles: Profiles,
    exchange: Exchange,
    settings: BrokerSettings,
}

/// What lasts from hop to hop of one request.
struct Journey<'a> {
    scope: &'a CallScope,
    deadline: Instant,
    idempotent: Option<bool>,
    attempts: Attempts,
    /// What was attached so far and must not come back.
    attached: Vec<SecretString>,
}

impl ShardHttp {
    pub(crate) fn new(egress: EgressPolicy, profiles: Profiles, exchange: Exchange, settings: BrokerSettings) -> Self {
        Self { egress, profiles, exchange, settings }
    }

    pub(crate) fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// Sends `request` and follows its redirects.
    ///
    /// # Errors
    /// See [`HttpError`]: one variant for each reason that there is no response.
    pub(crate) async fn send(&self, scope: &CallScope, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        scope.begin_request(self.settings.requests_per_call)?;
        let now = Instant::now();
        let deadline = request.timeout.and_then(|timeout| now.checked_add(timeout)).unwrap_or(scope.deadline());
        let mut journey = Journey {
            scope,
            deadline: deadline.min(scope.deadline()),
            idempotent: request.idempotent,
            attempts: Attempts::none(),
            attached: Vec::new(),
        };
        let first = Hop::first(request, &self.settings)?;
        let mut answer = self.follow(&mut journey, first).await?;
        for secret in &journey.attached {
            answer.hide(secret);
        }
        let Answer { status, headers, body } = answer;
        Ok(HttpResponse { status, headers, body, attempts: journey.attempts.count() })
    }

    async fn follow(&self, journey: &mut Journey<'_>, first: Hop) -> Result<Answer, HttpError> {
        let mut hop = first;
        let mut grant = self.egress.check(&hop.method, hop.target.clone())?;
        for _ in 0..=REDIRECTS {
            let answer = self.send_hop(journey, &grant, &hop).await?;
            let Some(next) = redirect::next(&hop, &answer)? else {
                return Ok(answer);
            };
            grant = self.egress.check(&next.method, next.target.clone()).map_err(redirect_refused)?;
            hop = next;
        }
        let reason = format!("more than {REDIRECTS} in a row");
        Err(HttpError::RedirectRefused { reason, destination: None })
    }

    /// Sends one hop with the credentials that its grant names; once more with new ones when the server refuses those.
    async fn send_hop(&self, journey: &mut Journey<'_>, grant: &EgressGrant, hop: &Hop) -> Result<Answer, HttpError> {
        journey.scope.reaches(grant.target().origin());
        let Some(profile) = grant.profile() else {
            return self.exchange_with(journey, grant, hop, &hop.headers).await;
        };
        let errand =
            Errand { egress: &self.egress, exchange: &self.exchange, scope: journey.scope, deadline: journey.deadline };
        let credential = self.profiles.credential(profile, &errand, None).await?;
        let headers = attach(journey, hop, &credential)?;
        let answer = self.exchange_with(journey, grant, hop, &headers).await?;
        if answer.status != StatusCode::UNAUTHORIZED || !credential.is_renewable() {
            return Ok(answer);
        }
        let renewed = self.profiles.credential(profile, &errand, Some(&credential)).await?;
        let headers = attach(journey, hop, &renewed)?;
        journey.attempts.repeat();
        self.exchange_with(journey, grant, hop, &headers).await
    }

    async fn exchange_with(
        &self,
        journey: &mut Journey<'_>,
        grant: &EgressGrant,
        hop: &Hop,
        headers: &HeaderMap,
    ) -> Result<Answer, HttpError> {
        let idempotent = journey.idempotent.unwrap_or_else(|| is_idempotent(grant.method()));
        let outgoing = Outgoing { grant, headers, body: &hop.body, idempotent, deadline: journey.deadline };
        self.exchange.run(journey.scope, &outgoing, &mut journey.attempts).await
    }
}

/// The hop's headers with the credential among them.
fn attach(journey: &mut Journey<'_>, hop: &Hop, credential: &Credential) -> Result<HeaderMap, HttpError> {
    let (name, value) = credential.header();
    if hop.headers.contains_key(name) {
        return Err(HttpError::InvalidRequest(format!("the header `{name}` belongs to the broker here")));
    }
    journey.attached.extend(credential.secrets().cloned());
    let mut headers = hop.headers.clone();
    headers.insert(name.clone(), value.clone());
    Ok(headers)
}

/// A denial on the way is told as the redirect's, since the shard asked for another place. Where it leads is for the operator.
fn redirect_refused(refusal: HttpError) -> HttpError {
    match (refusal.kind(), refusal.missing_grant()) {
        (HttpErrorKind::Denied, Some((destination, _))) => HttpError::RedirectRefused {
            reason: format!("where it leads is refused ({})", refusal.code()),
            destination: Some(destination.to_owned()),
        },
        _ => refusal,
    }
}
