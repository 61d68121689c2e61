//! One request to one granted URL: through its circuit breaker, with its retries, to an answer.
//!
//! Shards' requests and token requests come through here alike, so that limits, retries and circuits hold for both.

use bytes::Bytes;
use http::HeaderMap;
use nexus_package::ShardName;
use tokio::time::{Duration, Instant, sleep, timeout_at};

use super::{
    breaker::Breakers,
    client::Client,
    egress::EgressGrant,
    error::HttpError,
    response::Answer,
    retry::{Attempts, Backoff, is_network_failure, is_outage, is_passing, retry_after},
};
use crate::{scope::CallScope, settings::BrokerSettings};

/// What is sent, to where a grant says.
pub(crate) struct Outgoing<'a> {
    pub(crate) grant: &'a EgressGrant,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Bytes,
    pub(crate) idempotent: bool,
    /// For all attempts together.
    pub(crate) deadline: Instant,
}

/// One shard's way to the outside.
pub(crate) struct Exchange {
    client: Client,
    breakers: Breakers,
    backoff: Backoff,
    attempt_timeout: Duration,
    response_bytes: usize,
    sent_bytes_per_call: u64,
}

impl Exchange {
    pub(crate) fn new(shard: ShardName, client: Client, backoff: Backoff, settings: &BrokerSettings) -> Self {
        Self {
            client,
            breakers: Breakers::new(shard, settings.breaker),
            backoff,
            attempt_timeout: settings.attempt_timeout,
            response_bytes: settings.response_bytes,
            sent_bytes_per_call: settings.sent_bytes_per_call,
        }
    }

    pub(crate) fn breakers(&self) -> &Breakers {
        &self.breakers
    }

    /// Sends until there is an answer that will not change by itself, the retries are used up, or the next one would come
    /// after the deadline.
    ///
    /// # Errors
    /// [`HttpError::CircuitOpen`] without sending; else what the last attempt met.
    pub(crate) async fn run(
        &self,
        scope: &CallScope,
        outgoing: &Outgoing<'_>,
        attempts: &mut Attempts,
    ) -> Result<Answer, HttpError> {
        let passage = self.breakers.admit(outgoing.grant.target().origin())?;
        let result = self.attempts(scope, outgoing, attempts).await;
        match &result {
            Ok(answer) if is_outage(answer.status) => passage.failed(),
            Err(error) if is_network_failure(error) => passage.failed(),
            Ok(_) | Err(HttpError::ResponseTooLarge { .. }) => passage.succeeded(),
            Err(_) => drop(passage),
        }
        result
    }

    async fn attempts(
        &self,
        scope: &CallScope,
        outgoing: &Outgoing<'_>,
        attempts: &mut Attempts,
    ) -> Result<Answer, HttpError> {
        loop {
            let result = self.attempt(scope, outgoing).await;
            let asked = match &result {
                Ok(answer) if is_passing(answer.status) => retry_after(&answer.headers),
                Err(error) if is_network_failure(error) => None,
                Ok(_) | Err(_) => return result,
            };
            if !outgoing.idempotent {
                return result;
            }
            match self.backoff.next(attempts, asked) {
                Some(wait) if wait < outgoing.deadline.saturating_duration_since(Instant::now()) => sleep(wait).await,
                Some(_) | None => return result,
            }
            attempts.repeat();
        }
    }

    async fn attempt(&self, scope: &CallScope, outgoing: &Outgoing<'_>) -> Result<Answer, HttpError> {
        scope.send_bytes(outgoing.body.len(), self.sent_bytes_per_call)?;
        let ends = outgoing.deadline.min(Instant::now() + self.attempt_timeout);
        let sending = async {
            let response = self.client.send(outgoing.grant, outgoing.headers.clone(), outgoing.body.clone()).await?;
            Answer::read(response, self.response_bytes, outgoing.grant).await
        };
        let answer = timeout_at(ends, sending)
            .await
            .map_err(|_| HttpError::Timeout { destination: outgoing.grant.target().origin().to_string() })??;
        scope.received_bytes(answer.body.len());
        Ok(answer)
    }
}
