//! The connection to the outside: the only user of reqwest.
//!
//! [`Client::send`] takes an [`EgressGrant`] and sends to the URL in it, so nothing leaves that was not checked. It follows no
//! redirect, uses no proxy (which would look names up by itself), keeps no cookies, decompresses nothing and repeats nothing:
//! hops and retries are the broker's. One client for each shard, because connections are pooled by host and were opened under
//! that shard's rule on addresses.

use std::{error::Error as _, sync::Arc, time::Duration};

use bytes::Bytes;
use http::HeaderMap;
use reqwest::{Response, redirect, retry};
use rustls::ClientConfig;
use tokio::sync::OnceCell;

use super::{
    egress::EgressGrant,
    error::HttpError,
    resolve::{CheckedResolver, NoPermittedAddress},
    tls::Tls,
};

/// What the broker calls itself, unless the shard does.
const USER_AGENT: &str = concat!("nexus/", env!("CARGO_PKG_VERSION"));

/// Idle connections that are kept for each host.
const IDLE_PER_HOST: usize = 4;

/// One shard's connections.
pub(crate) struct Client {
    resolver: CheckedResolver,
    connect_timeout: Duration,
    tls: Arc<Tls>,
    plain: OnceCell<reqwest::Client>,
    secure: OnceCell<reqwest::Client>,
}

impl Client {
    pub(crate) fn new(resolver: CheckedResolver, connect_timeout: Duration, tls: Arc<Tls>) -> Self {
        Self { resolver, connect_timeout, tls, plain: OnceCell::new(), secure: OnceCell::new() }
    }

    /// Sends one request, once, and answers with its response's head.
    ///
    /// # Errors
    /// [`HttpError::AddressForbidden`], [`HttpError::ConnectFailed`], [`HttpError::Timeout`], [`HttpError::TlsUnavailable`].
    pub(crate) async fn send(
        &self,
        grant: &EgressGrant,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response, HttpError> {
        let mut request = reqwest::Request::new(grant.method().clone(), grant.target().url().clone());
        *request.headers_mut() = headers;
        if !body.is_empty() {
            *request.body_mut() = Some(body.into());
        }
        let client = self.for_scheme(grant.target().is_https()).await?;
        client.execute(request).await.map_err(|error| network_failure(&error, grant))
    }

    async fn for_scheme(&self, https: bool) -> Result<&reqwest::Client, HttpError> {
        let made = if https {
            self.secure.get_or_try_init(|| async { self.build(self.tls.config().await?) }).await
        } else {
            self.plain.get_or_try_init(|| async { self.build(Tls::config_without_authorities()?) }).await
        };
        made.map_err(HttpError::TlsUnavailable)
    }

    fn build(&self, tls: ClientConfig) -> Result<reqwest::Client, String> {
        reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .no_proxy()
            .dns_resolver(Arc::new(self.resolver.clone()))
            .connect_timeout(self.connect_timeout)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .tls_backend_preconfigured(tls)
            .build()
            .map_err(|error| error.to_string())
    }
}

/// Reads what kind of failure the client met. The innermost cause is told on; the URL, which wraps it, is not.
pub(crate) fn network_failure(error: &reqwest::Error, grant: &EgressGrant) -> HttpError {
    let destination = grant.target().origin().to_string();
    let mut cause = None;
    let mut next = error.source();
    while let Some(inner) = next {
        if inner.is::<NoPermittedAddress>() {
            return HttpError::AddressForbidden { destination };
        }
        cause = Some(inner);
        next = inner.source();
    }
    if error.is_timeout() {
        return HttpError::Timeout { destination };
    }
    let cause = cause.map_or_else(|| "the connection failed".to_owned(), ToString::to_string);
    HttpError::ConnectFailed { destination, cause }
}
